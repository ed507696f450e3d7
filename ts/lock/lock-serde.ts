import { inspect } from "node:util";
import type { ISerderRegister } from "../serde/contracts";
import { InvalidInputError } from "../utilities/errors";
import type { OneOrMore } from "../utilities/one-or-more";
import { toArray } from "../utilities/one-or-more";
import { TimeSpan } from "../utilities/time-span";
import type { LockEngine } from "./engine";
import { Lock } from "./lock";
import type { LockContext } from "./lock-context";

/** A lock on its way to another process. It carries no guess about whether the lock is still held. */
export interface SerializedLock {
  readonly version: "1";
  /** The segments of the key, without the namespace: the receiving provider adds its own. */
  readonly key: readonly string[];
  readonly owner: string;
  /** `null`: leases have no end. */
  readonly ttlInMs: number | null;
  /** The fence of the last grant as a decimal number; `null`: not acquired, or released again. */
  readonly fence: string | null;
}

/** What the transformer needs of a lock provider. */
export interface SerializableLocks {
  readonly context: LockContext;
  readonly revive: (lock: RevivedLock) => Lock;
}

/** A lock as it came in, checked. */
export interface RevivedLock {
  readonly key: readonly string[];
  readonly owner: string;
  readonly ttl: TimeSpan | null;
  readonly fence: number;
}

/** Whose locks go by a name in a serde. */
const REGISTERED = new WeakMap<ISerderRegister, Map<string, WeakRef<LockEngine>>>();

/**
 * Teaches serdes the locks of a provider.
 *
 * @throws InvalidInputError if another provider's locks go by the same name: they would come back as this one's.
 */
export function registerLocks(serdes: OneOrMore<ISerderRegister>, locks: SerializableLocks): void {
  const { engine, serdeName: name } = locks.context;
  const everySerde = toArray(serdes);
  for (const serde of everySerde) {
    refuseTakenName(serde, name, engine);
  }
  for (const serde of everySerde) {
    claimName(serde, name, engine);
    serde.registerCustom<Lock, SerializedLock>(
      {
        name,
        isApplicable: (value): value is Lock =>
          value instanceof Lock && value.claim.context.engine === engine && value.claim.context.serdeName === name,
        serialize,
        deserialize: (serialized) => locks.revive(check(serialized)),
      },
      "core",
    );
  }
}

function serialize({ claim }: Lock): SerializedLock {
  return {
    version: "1",
    key: claim.segments,
    owner: claim.owner,
    ttlInMs: claim.ttl.timeSpan === null ? null : claim.ttl.milliseconds,
    fence: claim.fence === 0 ? null : String(claim.fence),
  };
}

function refuseTakenName(serde: ISerderRegister, name: string, engine: LockEngine): void {
  const other = REGISTERED.get(serde)?.get(name)?.deref();
  if (other !== undefined && other !== engine) {
    throw new InvalidInputError(
      `The serde knows the locks of another provider as "${name}" already; give one of the two a serdeTransformerName, ` +
        "the same in every process, or a namespace of its own",
    );
  }
}

function claimName(serde: ISerderRegister, name: string, engine: LockEngine): void {
  const names = REGISTERED.get(serde) ?? new Map<string, WeakRef<LockEngine>>();
  names.set(name, new WeakRef(engine));
  REGISTERED.set(serde, names);
}

// What comes in may have been written by anybody.
function check(serialized: unknown): RevivedLock {
  if (typeof serialized !== "object" || serialized === null) {
    throw new InvalidInputError("The serialized lock is no object");
  }
  const { version, key, owner, ttlInMs, fence } = serialized as Partial<Record<keyof SerializedLock, unknown>>;
  if (version !== "1") {
    const brief = inspect(version, { depth: 0, maxStringLength: 80, breakLength: Number.POSITIVE_INFINITY });
    throw new InvalidInputError(`The serialized lock has version ${brief}; this release reads version 1`);
  }
  if (!Array.isArray(key) || !key.every((segment) => typeof segment === "string")) {
    throw new InvalidInputError("The key of the serialized lock is no list of strings");
  }
  if (typeof owner !== "string") {
    throw new InvalidInputError("The owner of the serialized lock is no string");
  }
  if (ttlInMs !== null && typeof ttlInMs !== "number") {
    throw new InvalidInputError("The ttl of the serialized lock is neither a number nor null");
  }
  if (fence !== null && !isFence(fence)) {
    throw new InvalidInputError("The fence of the serialized lock is neither a decimal number nor null");
  }
  return {
    key,
    owner,
    ttl: ttlInMs === null ? null : TimeSpan.fromMilliseconds(ttlInMs),
    fence: fence === null ? 0 : Number(fence),
  };
}

function isFence(fence: unknown): fence is string {
  return typeof fence === "string" && /^[1-9][0-9]{0,15}$/.test(fence) && Number.isSafeInteger(Number(fence));
}
