import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findInPath } from './find-in-path.ts'

/** A certificate that nobody has signed, and its key, as PEM and as files. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly certPath: string
  readonly keyPath: string
}

/** Makes one for 127.0.0.1 in a folder that exists. Throws if there is no openssl. */
export async function createCertificate(folder: string): Promise<Certificate> {
  const openssl = findInPath('openssl')
  if (openssl === undefined) throw new Error('openssl is needed to make a certificate, and is not in PATH')
  const [certPath, keyPath] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath]
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  await promisify(execFile)(openssl, ['req', '-x509', ...key, ...name, '-days', '2', '-out', certPath])
  return { cert: await readFile(certPath, 'utf8'), key: await readFile(keyPath, 'utf8'), certPath, keyPath }
}
