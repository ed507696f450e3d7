import { type Invokable, invoke } from "../utilities/invokable";
import type { AsyncContext, AsyncMiddleware } from "./async-middleware";

/**
 * A middleware that picks another one for each call.
 *
 * @param pick Makes the middleware from the arguments and the context of the call.
 */
export function dynamic<Args extends unknown[], Ret, Context extends AsyncContext>(
  pick: NoInfer<Invokable<[args: Args, context: Context], AsyncMiddleware<Args, Ret, Context>>>,
): AsyncMiddleware<Args, Ret, Context> {
  return (args, next, call) => invoke(invoke(pick, args, call.context), args, next, call);
}
