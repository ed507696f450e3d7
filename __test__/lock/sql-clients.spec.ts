import { describe } from "vitest";
import { sqlClientTests } from "./sql-client-tests";
import { kinds } from "./sql-handles.mjs";

describe.each(Object.keys(kinds))("%s", (kind) => {
  sqlClientTests(kind);
});
