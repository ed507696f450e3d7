import { InvalidInputError } from "../utilities/errors";

/** Where a fence is kept beside the data. */
export interface FenceColumn {
  /** The column or field, an integer of 64 bits that is 0 by default. Default `"fence"`. */
  column?: string | undefined;
}

/** What is needed of the update query of a Kysely. */
export interface KyselyUpdate<Query> {
  /** As Kysely's. */
  set(values: never): Query;
  /** As Kysely's. */
  where(column: never, operator: never, value: never): Query;
}

/**
 * An update by Kysely that writes only if no later grant has written, and remembers its fence.
 *
 * Zero updated rows mean that the writer was overtaken, or that there is no such row.
 *
 * @param query An update: `kysely.updateTable("account").set({ balance }).where("id", "=", 1)`.
 * @param fence That of the lock: `lock.fence`, or what a function is given by `run`.
 */
export function guardKyselyUpdate<Query extends KyselyUpdate<Query>>(
  query: Query,
  fence: bigint,
  { column = "fence" }: FenceColumn = {},
): Query {
  const number = numberOf(fence);
  const values: unknown = { [column]: number };
  return query.set(values as never).where(column as never, "<=" as never, number as never);
}

/** What is needed of a query builder of Knex. */
export interface KnexUpdate {
  /** As Knex's. */
  update(values: Record<string, unknown>): this;
  /** As Knex's. */
  where(column: string, operator: string, value: number): this;
}

/**
 * An update by Knex that writes only if no later grant has written, and remembers its fence. It answers the number of
 * rows; zero: the writer was overtaken, or there is no such row.
 *
 * @param query An update: `knex("account").where({ id: 1 }).update({ balance })`.
 * @param fence That of the lock.
 */
export function guardKnexUpdate<Query extends KnexUpdate>(
  query: Query,
  fence: bigint,
  { column = "fence" }: FenceColumn = {},
): Query {
  const number = numberOf(fence);
  return query.where(column, "<=", number).update({ [column]: number });
}

/** What is needed of a model of Sequelize. */
export interface SequelizeModel {
  /** As Sequelize's. */
  update(values: never, options: never): PromiseLike<readonly unknown[]>;
  /** As Sequelize's. */
  readonly sequelize?: unknown;
}

/**
 * An update by Sequelize that writes only if no later grant has written, and remembers its fence.
 *
 * @param model The model, with an attribute for the fence.
 * @param values What to write.
 * @param options As those of `Model.update`: `{ where: { id: 1 } }`.
 * @param fence That of the lock.
 * @returns The number of rows; zero: the writer was overtaken, or there is no such row.
 */
export async function guardSequelizeUpdate(
  model: SequelizeModel,
  values: object,
  options: { readonly where: object },
  fence: bigint,
  { column = "fence" }: FenceColumn = {},
): Promise<number> {
  const number = numberOf(fence);
  const { Op } = (model.sequelize as { constructor: { Op: { and: symbol; lte: symbol } } }).constructor;
  const where = { [Op.and]: [options.where, { [column]: { [Op.lte]: number } }] };
  const [count] = await model.update({ ...values, [column]: number } as never, { ...options, where } as never);
  return Number(count);
}

/** A filter and an update of MongoDB that belong together. */
export interface GuardedMongodbUpdate {
  /** For `updateOne`, `findOneAndUpdate` and the like; not for an upsert, which would insert beside what it may not write. */
  readonly filter: Record<string, unknown>;
  /** What is written, with the fence. */
  readonly update: Record<string, unknown>;
}

/**
 * A filter and an update of MongoDB that write only if no later grant has written, and remember the fence. A document
 * without a fence counts as never written under a lock.
 *
 * @param filter Which document.
 * @param update Operators: `{ $set: { balance } }`.
 * @param fence That of the lock.
 * @throws InvalidInputError if the update is a pipeline, or writes the field of the fence itself.
 */
export function guardMongodbUpdate(
  filter: object,
  update: object,
  fence: bigint,
  { column = "fence" }: FenceColumn = {},
): GuardedMongodbUpdate {
  if (Array.isArray(update) || Object.keys(update).some((operator) => !operator.startsWith("$"))) {
    throw new InvalidInputError("The update is none of operators; pass one such as { $set: { balance } }");
  }
  const number = numberOf(fence);
  const set = (update as { $set?: object }).$set ?? {};
  return {
    filter: { $and: [filter, { $or: [{ [column]: { $lte: number } }, { [column]: { $exists: false } }] }] },
    update: { ...update, $set: { ...set, [column]: number } },
  };
}

/** Fences stay below 2^53, and a number is what every driver knows how to bind. */
export function numberOf(fence: bigint): number {
  if (typeof fence !== "bigint" || fence <= 0n || fence > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new InvalidInputError("The fence is none; pass that of a lock that was acquired");
  }
  return Number(fence);
}
