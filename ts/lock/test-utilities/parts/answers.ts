import type { ILock } from "../../contracts";
import type { Bench } from "../bench";
import { EVERY_KEY_STATE } from "../key-state";
import { EVERY_LOCK_METHOD, type LockMethod } from "../lock-method";
import { isSuccess, OUTCOMES, type Outcome, refusalOf } from "../outcome";
import { failureOf } from "../patience";
import type { Scene } from "../scene";

/** The objects of the asker's lock; none may answer otherwise than the others. */
const OBJECTS: readonly [string, (scene: Scene) => ILock][] = [
  ["", ({ lock }) => lock],
  [", asked through another object of the lock", ({ twin }) => twin],
  [", asked through another provider", ({ remote }) => remote],
];

/** What the methods answer or throw, by the state of the key and the object that is asked. */
export function testAnswers(bench: Bench): void {
  for (const [name, method] of EVERY_LOCK_METHOD) {
    bench.describe(name, () => {
      for (const [stateName, state] of EVERY_KEY_STATE) {
        const outcome = OUTCOMES[method.verb][stateName];
        for (const [manner, pick] of OBJECTS) {
          bench.test(`${answer(method, outcome)} for ${state.description}${manner}`, async () => {
            await check(bench, method, outcome, pick(await bench.set(state)));
          });
        }
      }
    });
  }
}

async function check({ expect }: Bench, method: LockMethod, outcome: Outcome, lock: ILock): Promise<void> {
  const refusal = refusalOf(outcome);
  if (!method.throws) {
    expect(await method.call(lock)).toBe(isSuccess(outcome));
  } else if (refusal === undefined) {
    expect(await method.call(lock)).toBe(undefined);
  } else {
    const error = await failureOf(method.call(lock));
    expect(error instanceof refusal.type).toBe(true);
    const { name, message, code, key, owner } = error as InstanceType<typeof refusal.type>;
    expect({ name, code, key, owner }).toEqual({
      name: refusal.type.name,
      code: refusal.code,
      key: lock.key,
      owner: lock.id,
    });
    expect(message.includes(`"${lock.key}"`)).toBe(true);
    expect("cause" in (error as Error)).toBe(false);
  }
}

function answer({ throws }: LockMethod, outcome: Outcome): string {
  if (!throws) {
    return `answers ${isSuccess(outcome)}`;
  }
  const refusal = refusalOf(outcome);
  return refusal === undefined ? "does not throw" : `throws ${refusal.type.name}`;
}
