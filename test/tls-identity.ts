/** A self-signed certificate for 127.0.0.1, made by openssl when the tests run: keys in a repository frighten scanners. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TestIdentity {
  readonly key: string
  readonly cert: string
  /** Key and certificate in one file, as Kafka takes a PEM key store. */
  readonly keyStore: string
}

/** Null when there is no openssl. The files lie in a temporary directory. */
export function testIdentity(): TestIdentity | null {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject]
  if (spawnSync('openssl', made).status !== 0) return null
  const identity = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  const keyStore = join(directory, 'store.pem')
  writeFileSync(keyStore, identity.key + identity.cert)
  return { ...identity, keyStore }
}
