import { randomUUID } from "node:crypto";
import type { Promisable } from "../../utilities";
import type { IDatabaseLockAdapter, IInsertDatabaseLockAdapter, ILockData } from "../contracts";
import { type LeaseStore, leaseOf, type StoreBench } from "./database/bench";
import { testInsert, testUpdateExpirationIfOwner, testUpdateIfExpired } from "./database/insert-form";
import { testFind, testNames, testRemove, testRemoveIfOwner } from "./database/store";
import { testTransaction, testUpdateExpiration, testUpsert } from "./database/transaction-form";
import type { TestPrimitives } from "./test-primitives";

/** Settings of {@link databaseLockAdapterTestSuite} for an adapter with transactions. */
export interface TransactionFormSettings extends TestPrimitives {
  /** Which contract the adapter implements. Default: `"transaction"`, the {@link IDatabaseLockAdapter}. */
  readonly form?: "transaction" | undefined;
  /** Called before each test. The keys of the suite are new, so that the adapters may all share one database. */
  readonly createAdapter: () => Promisable<IDatabaseLockAdapter>;
}

/** Settings of {@link databaseLockAdapterTestSuite} for an adapter without transactions. */
export interface InsertFormSettings extends TestPrimitives {
  /** Which contract the adapter implements: the {@link IInsertDatabaseLockAdapter}. */
  readonly form: "insert";
  /** Called before each test. The keys of the suite are new, so that the adapters may all share one database. */
  readonly createAdapter: () => Promisable<IInsertDatabaseLockAdapter>;
}

/** Settings of {@link databaseLockAdapterTestSuite}; `form` tells which of the two contracts is meant. */
export type DatabaseLockAdapterTestSuiteSettings = TransactionFormSettings | InsertFormSettings;

/**
 * Adds the tests that every {@link IDatabaseLockAdapter}, or {@link IInsertDatabaseLockAdapter}, must pass: what each
 * method answers and leaves behind for each lease that can be stored, that of many who race one wins, and that keys and
 * owners are taken exactly. What a lock provider makes of the adapter is for `lockProviderTestSuite` to test.
 *
 * Nothing in it depends on the speed of the machine.
 */
export function databaseLockAdapterTestSuite(settings: DatabaseLockAdapterTestSuiteSettings): void {
  if (settings.form === "insert") {
    addTests(settings, (adapter, key, { owner, expiration }) => adapter.insert(key, owner, expiration), [
      testInsert,
      testUpdateIfExpired,
      testUpdateExpirationIfOwner,
    ]);
  } else {
    addTests(
      settings,
      (adapter, key, { owner, expiration }) =>
        adapter.transaction(async (transaction) => transaction.upsert(key, owner, expiration)),
      [testTransaction, testUpsert, testUpdateExpiration],
    );
  }
}

function addTests<Adapter extends LeaseStore>(
  settings: TestPrimitives & { readonly createAdapter: () => Promisable<Adapter> },
  store: (adapter: Adapter, key: string, lease: ILockData) => PromiseLike<void>,
  partsOfForm: readonly ((bench: StoreBench<Adapter>) => void)[],
): void {
  const { expect, test, describe, beforeEach } = settings;
  let adapter: Adapter;
  let key: string;
  const bench: StoreBench<Adapter> = {
    expect,
    test,
    describe,
    beforeEach,
    adapter: () => adapter,
    key: () => key,
    store: (lease, keyOfLease = key) => store(adapter, keyOfLease, lease),
    stored: async () => leaseOf(await adapter.find(key)),
  };
  describe("database lock adapter", () => {
    beforeEach(async () => {
      adapter = await settings.createAdapter();
      key = `key-${randomUUID()}`;
    });
    for (const addPart of [testFind, testRemove, testRemoveIfOwner, ...partsOfForm, testNames]) {
      addPart(bench);
    }
  });
}
