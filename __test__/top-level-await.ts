import ts from "typescript";

/** CommonJS knows no top-level await: what follows the imports moves into a function. */
export function withoutTopLevelAwait(source: string): string {
  const { statements } = ts.createSourceFile("example.ts", source, ts.ScriptTarget.ES2022);
  const start = statements.filter(ts.isImportDeclaration).reduce((end, statement) => Math.max(end, statement.end), 0);
  return `${source.slice(0, start)}\nasync function main() {${source.slice(start)}}\nvoid main();\n`;
}
