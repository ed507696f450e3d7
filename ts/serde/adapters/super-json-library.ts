import { SerdeError } from "../contracts/errors";

/** How the library sees a transformer. */
export interface SuperJsonTransformer {
  readonly name: string;
  serialize(value: unknown): unknown;
  deserialize(payload: unknown): unknown;
}

/** Where the library finds transformers. */
export interface SuperJsonRegistry {
  findApplicable(value: unknown): SuperJsonTransformer | undefined;
  findByName(name: string): SuperJsonTransformer | undefined;
}

/** What is used of an instance of the library. */
export interface SuperJson {
  serialize(value: unknown): {
    json: unknown;
    meta?: { v?: number; values?: unknown; referentialEqualities?: unknown };
  };
  deserialize(serialized: { json: unknown; meta: { v: number; values: unknown } }, options: { inPlace: true }): unknown;
}

interface SuperJsonInstance extends SuperJson {
  customTransformerRegistry: SuperJsonRegistry;
}

/**
 * An instance of `superjson` of its own, as the library's default instance belongs to the whole process.
 *
 * @param registry Takes the place of the library's, which asks every transformer about every value, some three times
 * over.
 * @throws SerdeError if the library cannot be loaded, or is not the one this was written for.
 */
export function createSuperJson(registry: SuperJsonRegistry): SuperJson {
  let library: { SuperJSON: new () => SuperJsonInstance };
  try {
    // Loaded here and not above, so that a Node.js that cannot load it runs everything else.
    library = require("superjson");
  } catch (error) {
    const remedy =
      (error as NodeJS.ErrnoException).code === "ERR_REQUIRE_ESM"
        ? "run Node.js 20.19, 22.12 or a later version, which load ES modules from CommonJS"
        : 'install it with "npm install superjson"';
    throw new SerdeError(`SuperJsonSerdeAdapter cannot load the package superjson; ${remedy}`, error);
  }
  const superJson = new library.SuperJSON();
  if (typeof superJson.customTransformerRegistry?.findApplicable !== "function") {
    throw new SerdeError("SuperJsonSerdeAdapter does not know this version of superjson; install superjson@2.2.6");
  }
  superJson.customTransformerRegistry = registry;
  return superJson;
}
