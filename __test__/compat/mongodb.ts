if (!process.env.MONGODB_URL) {
  throw new Error('These tests need a MongoDB server; run them with "npm test", or set MONGODB_URL');
}

/** The URL of the server with a database of this process. */
export function databaseUrl(name: string): string {
  const url = new URL(process.env.MONGODB_URL ?? "");
  url.pathname = `/holdfast_compat_${name}_${process.pid}`;
  return url.href;
}
