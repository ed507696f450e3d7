import type { ILockData } from "../../ts/lock/contracts";

/** The leases of keys, as the adapters in these tests store them. */
export type Leases = Map<string, ILockData>;

/** Whether there is a lease, and it is not over. */
export function isLive(lease: ILockData | null | undefined): lease is ILockData {
  return lease != null && (lease.expiration === null || lease.expiration.getTime() > Date.now());
}

/** Who holds a key; `null`: nobody. */
export function leaseIn(leases: Leases, key: string): ILockData | null {
  const lease = leases.get(key);
  return isLive(lease) ? lease : null;
}
