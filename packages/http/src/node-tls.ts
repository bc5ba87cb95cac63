import type { TlsOptions } from './options.ts'

/** TLS settings as Node.js and undici take them. */
export interface NodeTls {
  readonly rejectUnauthorized: boolean
  readonly minVersion: 'TLSv1.2'
  readonly ca?: (string | Buffer)[]
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
}

export function nodeTls({ ca, cert, key, rejectUnauthorized }: TlsOptions): NodeTls {
  const verifies = rejectUnauthorized ?? true
  // Without verification no authority is needed, and loading Node's own ones takes a while.
  const given = ca ?? (verifies ? undefined : [])
  const authorities = typeof given === 'string' || given instanceof Uint8Array ? [given] : given
  return {
    // Never by the environment: NODE_TLS_REJECT_UNAUTHORIZED would switch verification off for every host.
    rejectUnauthorized: verifies,
    minVersion: 'TLSv1.2',
    ...(authorities !== undefined && { ca: authorities.map(pem) }),
    ...(cert !== undefined && { cert: pem(cert) }),
    ...(key !== undefined && { key: pem(key) }),
  }
}

function pem(value: string | Uint8Array): string | Buffer {
  return typeof value === 'string' ? value : Buffer.from(value)
}
