import { ConfigurationLockError } from "../contracts/errors";

/** Where leases are, as the engine takes it. */
export interface MongodbPlace {
  url: string;
  database?: string;
}

/** Those options of a client that say where and as whom it connects, as the driver keeps them once it has read them. */
interface MongodbClientOptions {
  readonly hosts?: readonly { host?: string; port?: number; isIPv6?: boolean; socketPath?: string }[];
  readonly srvHost?: string;
  readonly srvMaxHosts?: number;
  readonly srvServiceName?: string;
  readonly replicaSet?: string;
  readonly directConnection?: boolean;
  readonly loadBalanced?: boolean;
  readonly appName?: string;
  readonly credentials?: { username?: string; password?: string; source?: string; mechanism?: string };
  readonly tls?: boolean;
  readonly tlsCAFile?: string;
  readonly tlsCertificateKeyFile?: string;
  readonly tlsAllowInvalidCertificates?: boolean;
  readonly tlsInsecure?: boolean;
  readonly rejectUnauthorized?: boolean;
}

/** The mechanisms that need nothing but a name, a password or a certificate. */
const MECHANISMS = ["DEFAULT", "SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN", "MONGODB-X509"];

/** What cannot be taken over, by what it is called in a message. The driver fills in `ca`, `cert` and `key` from files. */
const REFUSED: readonly [string, (options: Record<string, unknown>) => boolean][] = [
  ["automatic encryption", ({ autoEncryption, autoEncrypter }) => isSet(autoEncryption) || isSet(autoEncrypter)],
  ["a proxy", ({ proxyHost }) => isSet(proxyHost)],
  ["a ca that is not a file", ({ ca, tlsCAFile }) => isSet(ca) && !isSet(tlsCAFile)],
  [
    "a certificate that is not a file",
    ({ cert, key, tlsCertificateKeyFile }) => (isSet(cert) || isSet(key)) && !isSet(tlsCertificateKeyFile),
  ],
  ["a pfx or a secureContext", ({ pfx, secureContext }) => isSet(pfx) || isSet(secureContext)],
  ["a passphrase", ({ passphrase, tlsCertificateKeyFilePassword: secret }) => isSet(passphrase) || isSet(secret)],
  ["a list of revoked certificates", ({ crl, tlsCRLFile }) => isSet(crl) || isSet(tlsCRLFile)],
  [
    "a checkServerIdentity of its own, or tlsAllowInvalidHostnames",
    (options) =>
      !isUnverified(options) && (options.tlsAllowInvalidHostnames === true || isSet(options.checkServerIdentity)),
  ],
];

/**
 * Where the database of a client is, with the credentials in the URL.
 *
 * @throws ConfigurationLockError if the client has options that cannot be taken over.
 */
export function placeOf(database: object): MongodbPlace {
  const { databaseName, client } = database as { databaseName?: unknown; client?: { options?: unknown } };
  const options = client?.options;
  if (typeof databaseName !== "string" || typeof options !== "object" || options === null) {
    throw new ConfigurationLockError(
      "The database is no Db of the mongodb driver 6 or 7, nor a connection of mongoose; pass one, or { url }",
    );
  }
  for (const [name, isIn] of REFUSED) {
    if (isIn(options as Record<string, unknown>)) {
      throw refusal(name);
    }
  }
  return { url: urlOf(options), database: databaseName };
}

function urlOf(options: MongodbClientOptions): string {
  const { srvHost, hosts = [], credentials } = options;
  const isSrv = isSet(srvHost);
  const addresses = isSrv ? srvHost : hosts.map(addressOf).join(",");
  const parameters = new URLSearchParams();
  const add = (name: string, value: string | number | boolean | undefined) => {
    if (isSet(value)) {
      parameters.set(name, String(value));
    }
  };
  add("replicaSet", options.replicaSet);
  add("directConnection", options.directConnection || undefined);
  add("loadBalanced", options.loadBalanced || undefined);
  add("appName", options.appName);
  if (isSrv) {
    add("srvMaxHosts", options.srvMaxHosts || undefined);
    add("srvServiceName", options.srvServiceName);
  }
  if (options.tls === true) {
    add("tls", true);
    add("tlsCAFile", options.tlsCAFile);
    add("tlsCertificateKeyFile", options.tlsCertificateKeyFile);
    add("tlsAllowInvalidCertificates", isUnverified(options) || undefined);
  } else if (isSrv) {
    add("tls", false);
  }
  // URLSearchParams writes a space as "+", which the drivers take for a plus.
  const query = () => parameters.toString().replaceAll("+", "%20");
  const scheme = isSrv ? "mongodb+srv" : "mongodb";
  if (credentials === undefined || credentials === null) {
    return `${scheme}://${addresses}/?${query()}`;
  }
  const { username, password, source, mechanism = "DEFAULT" } = credentials;
  if (!MECHANISMS.includes(mechanism)) {
    throw refusal(`the authentication mechanism ${mechanism}`);
  }
  add("authSource", source);
  add("authMechanism", mechanism === "DEFAULT" ? undefined : mechanism);
  const secret = password ? `:${encodeURIComponent(password)}` : "";
  const user = username ? `${encodeURIComponent(username)}${secret}@` : "";
  return `${scheme}://${user}${addresses}/?${query()}`;
}

function addressOf({
  host = "localhost",
  port = 27017,
  isIPv6,
  socketPath,
}: {
  host?: string;
  port?: number;
  isIPv6?: boolean;
  socketPath?: string;
}): string {
  if (isSet(socketPath)) {
    return encodeURIComponent(socketPath);
  }
  return `${isIPv6 ? `[${host}]` : host}:${port}`;
}

/** Whether the server's certificate is taken for what it says. */
function isUnverified({ tlsAllowInvalidCertificates, tlsInsecure, rejectUnauthorized }: MongodbClientOptions): boolean {
  return tlsAllowInvalidCertificates === true || tlsInsecure === true || rejectUnauthorized === false;
}

function isSet<Value>(value: Value): value is NonNullable<Value> {
  return value !== undefined && value !== null;
}

function refusal(what: string): ConfigurationLockError {
  return new ConfigurationLockError(
    `The client has ${what}, which this adapter cannot take over; pass { url }, or the database of a client without it`,
  );
}
