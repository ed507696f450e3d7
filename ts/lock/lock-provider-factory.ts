import { DefaultAdapterNotDefinedError, UnregisteredAdapterError } from "../utilities/factory-errors";
import type { Invokable } from "../utilities/invokable";
import type { Namespace } from "../utilities/namespace";
import type { ITimeSpan } from "../utilities/time-span";
import type { LockAdapter } from "./js-adapter";
import type { KeepAlive } from "./keep-alive";
import { type AnyEventBus, DEFAULT_NAMESPACE, LockProvider, type LockProviderSettings } from "./lock-provider";

/** Settings of {@link LockProviderFactory}: those of its providers, and their adapters by name. */
export interface LockProviderFactorySettings<Name extends string = string>
  extends Omit<LockProviderSettings, "adapter" | "serdeTransformerName"> {
  /** The adapters, or their URLs, by name. Names that are `undefined` count as left out. */
  adapters: { readonly [Adapter in Name]?: LockAdapter | string | undefined };
  /** The adapter to use where none is named. Default: none, and one has to be named. */
  defaultAdapter?: NoInfer<Name> | undefined;
}

/**
 * Makes lock providers for one of several adapters, which differ in nothing else.
 *
 * Immutable: the setters return a new factory. Keys of different adapters never mix, since the name of the adapter is part
 * of their namespace.
 */
export class LockProviderFactory<Name extends string = string> {
  private readonly providers = new Map<string, LockProvider>();

  /** Opens nothing; the first use of a lock does. */
  constructor(private readonly settings: LockProviderFactorySettings<Name>) {}

  /**
   * The provider over an adapter, the same one for the same name.
   *
   * @throws DefaultAdapterNotDefinedError if no adapter is named and there is no default.
   * @throws UnregisteredAdapterError if there is no adapter of that name.
   */
  use(name: Name | undefined = this.settings.defaultAdapter): LockProvider {
    if (name === undefined) {
      throw new DefaultAdapterNotDefinedError(
        'Default adapter not set for factory "LockProviderFactory"; name an adapter, or pass defaultAdapter',
      );
    }
    let provider = this.providers.get(name);
    if (provider === undefined) {
      provider = this.make(name);
      this.providers.set(name, provider);
    }
    return provider;
  }

  /** The same factory with another namespace. */
  setNamespace(namespace: Namespace): LockProviderFactory<Name> {
    return this.with({ namespace });
  }

  /** The same factory with another source of owners. */
  setCreateOwnerId(createOwnerId: Invokable<[], string>): LockProviderFactory<Name> {
    return this.with({ createOwnerId });
  }

  /** The same factory with another event bus, which its providers share. */
  setEventBus(eventBus: AnyEventBus): LockProviderFactory<Name> {
    return this.with({ eventBus });
  }

  /** The same factory with another ttl for locks that are given none; `null`: no end. */
  setDefaultTtl(defaultTtl: ITimeSpan | null): LockProviderFactory<Name> {
    return this.with({ defaultTtl });
  }

  /** The same factory with another way of keeping leases. */
  setKeepAlive(keepAlive: KeepAlive): LockProviderFactory<Name> {
    return this.with({ keepAlive });
  }

  /** The same factory with another longest wait between tries. */
  setDefaultBlockingInterval(defaultBlockingInterval: ITimeSpan): LockProviderFactory<Name> {
    return this.with({ defaultBlockingInterval });
  }

  /** The same factory with another time to try for a lock. */
  setDefaultBlockingTime(defaultBlockingTime: ITimeSpan): LockProviderFactory<Name> {
    return this.with({ defaultBlockingTime });
  }

  /** The same factory with another ttl for refreshes that are given none. */
  setDefaultRefreshTime(defaultRefreshTime: ITimeSpan): LockProviderFactory<Name> {
    return this.with({ defaultRefreshTime });
  }

  /** The same factory with another maker of lazy promises. */
  setLazyPromiseFactory(
    lazyPromiseFactory: NonNullable<LockProviderSettings["lazyPromiseFactory"]>,
  ): LockProviderFactory<Name> {
    return this.with({ lazyPromiseFactory });
  }

  private make(name: Name): LockProvider {
    const { adapters, defaultAdapter: _, ...settings } = this.settings;
    const adapter = Object.hasOwn(adapters, name) ? adapters[name] : undefined;
    if (adapter === undefined) {
      const names = Object.keys(adapters).join('", "');
      throw new UnregisteredAdapterError(`Unregistered adapter "${name}"; there are "${names}"`);
    }
    return new LockProvider({
      ...settings,
      adapter,
      namespace: (settings.namespace ?? DEFAULT_NAMESPACE).appendRoot(name),
    });
  }

  private with(change: Partial<LockProviderFactorySettings<Name>>): LockProviderFactory<Name> {
    return new LockProviderFactory({ ...this.settings, ...change });
  }
}
