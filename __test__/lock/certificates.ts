import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes an authority for one run alone (`ca.crt`), and certificates of it for a server at 127.0.0.1 (`server.crt`,
 * `server.key`) and for a client (`client.crt`, `client.key`), by the openssl command. `stranger` is another authority.
 */
export function makeCertificates(folder: string, serverName: string): void {
  const openssl = (...words: string[]) => execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
  const request = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj"];
  writeFileSync(join(folder, "server.ext"), `subjectAltName=DNS:${serverName},IP:127.0.0.1\n`);
  writeFileSync(join(folder, "client.ext"), "extendedKeyUsage=clientAuth\n");
  for (const name of ["ca", "stranger"]) {
    openssl("req", "-x509", ...request, `/CN=${name}`, "-days", "2", "-keyout", `${name}.key`, "-out", `${name}.crt`);
  }
  for (const name of ["server", "client"]) {
    openssl("req", ...request, `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.csr`);
    const sign = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", `${name}.ext`];
    openssl("x509", "-req", "-in", `${name}.csr`, ...sign, "-out", `${name}.crt`);
  }
}
