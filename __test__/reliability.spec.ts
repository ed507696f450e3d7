// docs/reliability.md names the test of each promise. A name there is the name of a test that exists.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const FOLDER = join(__dirname, "../docs");
const cited = citations(readFileSync(join(FOLDER, "reliability.md"), "utf8"));

test.each(cited)("$file has $name", ({ file, name }) => {
  expect(readFileSync(join(FOLDER, file), "utf8")).toContain(name);
});

/** After a link to a file come the names of what is in it. */
function citations(text: string) {
  const links = text.matchAll(/\]\((\.\.\/[^)]+)\)((?:(?:: |, )`[^`]+`)*)/g);
  return [...links].flatMap(([, file = "", names = ""]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => ({ file, name })),
  );
}
