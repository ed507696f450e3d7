import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["__test__/**/*.spec.ts"],
    // Child processes and builds of examples are slow on a busy two-core machine; a hang still ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // More than a small machine has processors: most of the time a test waits, for leases, processes and servers.
    maxWorkers: 4,
  },
});
