import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type RunningProcess, startProcess } from './start-process.ts'

/** A request as nginx logged it at its end. */
export interface LoggedRequest {
  /** `127.0.0.1:PORT` of the server that it came to. */
  readonly host: string
  readonly method: string
  /** Path and query. */
  readonly uri: string
  readonly status: number
  /** Headers of the request; empty if there was none. */
  readonly authorization: string
  readonly range: string
  /** Bytes of the answer's body that were sent. */
  readonly sent: number
}

/** A running nginx. Disposing ends it with its workers. */
export interface Nginx extends AsyncDisposable {
  /** Where it listens: as many as were asked for. */
  readonly hosts: readonly string[]
  /** The process that answers now; it has one at a time. */
  readonly workerPid: number
  /** What was asked of it, as far as it has ended. */
  logged(): Promise<readonly LoggedRequest[]>
  /** Ends it when it has no more connections, and tells what was asked of it. */
  finish(): Promise<readonly LoggedRequest[]>
}

export interface NginxOptions {
  /** For all its files; does not have to exist. */
  readonly folder: string
  /** How many addresses it gets. Default: 1. */
  readonly listeners?: number | undefined
  /** What stands in the `http` block, given the addresses. */
  readonly http: (...hosts: string[]) => string
}

const MAX_STARTS = 5

/**
 * Starts nginx as this user, with files of its own and nothing of the system's settings. It takes ports that were free a moment
 * before, since it cannot tell which one the system chose; should somebody else have got one, it tries others.
 */
export async function startNginx(program: string, { folder, listeners = 1, http }: NginxOptions): Promise<Nginx> {
  await mkdir(folder, { recursive: true })
  const [file, log] = [join(folder, 'nginx.conf'), join(folder, 'access.log')]
  for (let start = 1; start <= MAX_STARTS; start += 1) {
    const hosts = await freeHosts(listeners)
    await writeFile(file, configuration(folder, { log, http: http(...hosts) }))
    const server = startProcess([program, '-p', folder, '-e', 'stderr', '-c', file], { endSignal: 'SIGTERM' })
    const [, worker] = await server.untilOutput('stderr', /start worker process (\d+)|Address already in use/)
    if (worker !== undefined) return handleOf(server, { hosts, log })
    await server[Symbol.asyncDispose]()
  }
  throw new Error(`nginx found no free port in ${MAX_STARTS} attempts`)
}

function handleOf(
  server: RunningProcess,
  { hosts, log }: { readonly hosts: readonly string[]; readonly log: string },
): Nginx {
  const logged = async (): Promise<readonly LoggedRequest[]> => {
    const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as LoggedRequest) // as LOG_FORMAT says
  }
  return {
    hosts,
    get workerPid() {
      return Number([...server.output.stderr.matchAll(/start worker process (\d+)/g)].at(-1)?.[1])
    },
    logged,
    finish: async () => {
      await server.kill('SIGQUIT')
      return await logged()
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const LOG_FORMAT =
  '{"host":"$server_addr:$server_port","method":"$request_method","uri":"$request_uri","status":$status,' +
  '"authorization":"$http_authorization","range":"$http_range",' +
  '"sent":$body_bytes_sent}'

function configuration(folder: string, { log, http }: { readonly log: string; readonly http: string }): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
    daemon off;
    worker_processes 1;
    # Root's workers would be nobody, who may not enter the folder.
    ${process.getuid?.() === 0 ? `user ${userInfo().username};` : ''}
    pid ${join(folder, 'nginx.pid')};
    lock_file ${join(folder, 'nginx.lock')};
    error_log stderr notice;
    events {}
    http {
      ${temporary.map((name) => `${name}_temp_path ${join(folder, name)};`).join('\n')}
      log_format requests escape=json '${LOG_FORMAT}';
      access_log ${log} requests;
      ${http}
    }`
}

/** Different addresses where nobody listens: somebody did a moment ago. */
async function freeHosts(count: number): Promise<readonly string[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen))
  const hosts = servers.map((server) => {
    const address = server.address()
    return `127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`
  })
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
  return hosts
}

function listen(): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

/** Certificates of authorities and servers that are made for tests. */
export const certificates: string = join(import.meta.dirname, '../test/fixtures/tls')

/** A server of nginx that speaks TLS. */
export function tlsServer(host: string, directives: string, certificate = 'server.crt'): string {
  return `
    server {
      listen ${host} ssl;
      ssl_certificate ${join(certificates, certificate)};
      ssl_certificate_key ${join(certificates, 'key.pem')};
      ${directives}
    }`
}
