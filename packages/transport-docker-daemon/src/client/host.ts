import { ImageError, quoteForeign } from '@crossdock/core'

/** Where an engine listens. */
export interface EngineHost {
  /** For messages and errors. */
  readonly text: string
  readonly at: SocketPlace | NetworkPlace
}

/** A socket of this machine, or a named pipe of Windows. */
export interface SocketPlace {
  readonly path: string
}

export interface NetworkPlace {
  readonly hostname: string
  readonly port: number
  readonly tls: boolean
}

/** What the Docker Engine registered with IANA: `docker` and `docker-s`. */
const PLAIN_PORT = 2375
const TLS_PORT = 2376

export interface ParseHostOptions {
  /** Whether there are certificates, which `tcp://` is to be used with. */
  readonly hasCertificates: boolean
}

/**
 * Reads a host as Docker has it. `tcp://` is TLS where there are certificates for it and plain elsewhere, as for the `docker` command; `http://` is
 * always plain. Throws `INVALID_DATA` naming what to write.
 */
export function parseHost(host: string | undefined, options: ParseHostOptions): EngineHost {
  if (host === undefined) return parseHost(defaultHost(), options)
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/s.exec(host) ?? []
  switch (scheme) {
    case 'unix':
      if (rest.startsWith('/') && !rest.includes('\0')) return { text: shown(host), at: { path: rest } }
      throw badHost(host, 'a socket is written as unix:///PATH')
    case 'npipe':
      if (/^\/\/[^/]+\/pipe\/[^\0]+$/.test(rest)) return { text: shown(host), at: { path: rest.replaceAll('/', '\\') } }
      throw badHost(host, 'a pipe is written as npipe:////./pipe/NAME')
    case 'tcp':
      return networkHost(host, { tls: options.hasCertificates })
    case 'http':
    case 'https':
      return networkHost(host, { tls: scheme === 'https' })
    case 'ssh':
      throw badHost(
        host,
        'SSH is not spoken here; forward the socket (ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock USER@HOST) and use unix:///tmp/docker.sock',
      )
    default:
      throw badHost(
        host,
        'write unix:///PATH, npipe:////./pipe/NAME, tcp://HOST:PORT, http://HOST:PORT or https://HOST:PORT',
      )
  }
}

function defaultHost(): string {
  return process.platform === 'win32' ? 'npipe:////./pipe/docker_engine' : 'unix:///var/run/docker.sock'
}

function networkHost(host: string, { tls }: Pick<NetworkPlace, 'tls'>): EngineHost {
  // Other schemes than those of the web are read without the rules for host names and ports.
  const url = URL.parse(host.replace(/^[a-z]+:/, 'ftp:'))
  if (url === null || url.hostname === '') throw badHost(host, 'it has no host name, or a port that is none')
  if (url.username !== '' || url.password !== '') throw badHost(host, 'a host has no user or password')
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw badHost(host, 'there is nothing behind the port')
  }
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return { text: shown(host), at: { hostname, port: portOf(host, tls), tls } }
}

/** `new URL` leaves out the port that its scheme has by default. */
function portOf(host: string, tls: boolean): number {
  const port = /:(\d+)\/?$/.exec(host)?.[1]
  return port === undefined ? (tls ? TLS_PORT : PLAIN_PORT) : Number(port)
}

function badHost(host: string, rule: string): ImageError {
  return new ImageError('INVALID_DATA', `"${shown(host)}" is no host of a Docker Engine: ${rule}`)
}

/** Without what may be a password. */
function shown(host: string): string {
  return quoteForeign(host.replace(/^([a-z]+:\/\/)[^/]*@/, '$1…@'), 200)
}
