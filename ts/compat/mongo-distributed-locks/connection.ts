/** A Mongoose connection, a `Db` of the MongoDB driver, or a `MongoClient`, whose default database is used. */
export type Connection =
  | {
      /** Answers a collection. */
      // biome-ignore lint/suspicious/noExplicitAny: overloads of every version have to fit
      collection(name: string): any;
    }
  | {
      /** Answers the default database. */
      // biome-ignore lint/suspicious/noExplicitAny: overloads of every version have to fit
      db(): any;
    };
