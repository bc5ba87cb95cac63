import { copyFile, mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { dirname, join } from 'node:path'
import { type AciContent, aciBytes, aciId } from './aci-bytes.ts'
import { type Crossdock, createCrossdock } from './crossdock.ts'
import { type LoggedRequest, type Nginx, startNginx, certificates, tlsServer } from './nginx.ts'
import { startOpenProxy } from './open-proxy.ts'

const TAGS = [
  'ac-discovery" content="apps.test https://apps.test/files/{name}-{version}.{ext}',
  'ac-discovery-pubkeys" content="apps.test https://apps.test/files/keys.gpg',
]
const PAGE = TAGS.map((tag) => `<meta name="${tag}">`).join('')

/** Archives of the names below `apps.test`, with a page that leads to them, behind nginx over TLS. */
export interface AppcSite extends AsyncDisposable {
  /** Beginning of the URLs of files, without the proxy that names need. */
  readonly url: string
  /** Puts an archive behind its name, with a signature of it; gives its image ID. */
  put(content: AciContent, signature?: Uint8Array): Promise<string>
  /** Puts a file behind `URL/PATH`. Each is a day younger than the one before: nginx tells them apart. */
  putFile(path: string, bytes: string | Uint8Array): Promise<void>
  remove(path: string): Promise<void>
  /** The command on a machine of its own that trusts the site's certificate. */
  machine(): Promise<Crossdock>
  /** What was asked of nginx since this was called last. */
  asked(): Promise<readonly LoggedRequest[]>
  stop(): Promise<void>
}

export interface AppcSiteOptions {
  readonly fresh: (name: string) => string
  /** Directives of nginx for the files. Default: none. */
  readonly files?: string
}

export async function startAppcSite(program: string, { fresh, files = '' }: AppcSiteOptions): Promise<AppcSite> {
  const stack = new AsyncDisposableStack()
  const root = fresh('root')
  const nginx = stack.use(
    await startNginx(program, { folder: fresh('nginx'), http: (host) => serverBlock({ host, root, files }) }),
  )
  const [host = ''] = nginx.hosts
  const proxy = stack.use(await startOpenProxy(host))
  let days = 0
  const putFile: AppcSite['putFile'] = async (path, bytes) => {
    const date = new Date(Date.UTC(2026, 0, (days += 1)))
    const file = join(root, 'files', path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
    await utimes(file, date, date)
  }
  return {
    url: `https://${host}/files`,
    putFile,
    remove: (path) => rm(join(root, 'files', path)),
    async put(content, signature) {
      const bytes = aciBytes(content)
      const path = `${content.name}-${content.version ?? '1.0'}.aci`
      await putFile(path, bytes)
      if (signature !== undefined) await putFile(`${path}.asc`, signature)
      return aciId(bytes)
    },
    machine: () => trustingMachine(fresh('home'), { hosts: ['apps.test', host], proxy: proxy.url }),
    asked: newLog(nginx),
    stop: async () => void (await nginx.finish()),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

interface ServerBlock {
  readonly host: string
  readonly root: string
  readonly files: string
}

function serverBlock({ host, root, files }: ServerBlock): string {
  const directives = `
    location / { default_type text/html; return 200 '${PAGE}'; }
    location /files/ { root ${root}; ${files} }
    location = /mark { return 204; }`
  return tlsServer(host, directives, 'apps.crt')
}

interface MachineOptions {
  readonly hosts: readonly string[]
  readonly proxy: string
}

async function trustingMachine(home: string, { hosts, proxy }: MachineOptions): Promise<Crossdock> {
  for (const host of hosts) {
    const folder = join(home, 'etc/containers/certs.d', host)
    await mkdir(folder, { recursive: true })
    await copyFile(join(certificates, 'apps.crt'), join(folder, 'ca.crt'))
  }
  return await createCrossdock(home, { HTTPS_PROXY: proxy })
}

/** A request of its own marks the place in the log: what has ended before stands before it. */
function newLog(nginx: Nginx): AppcSite['asked'] {
  let seen = 0
  return async () => {
    await mark(nginx.hosts[0] ?? '')
    const all = await nginx.logged()
    const since = all.slice(seen)
    seen = all.length
    return since.filter(({ uri }) => uri !== '/mark')
  }
}

function mark(host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(`https://${host}/mark`, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume()
      response.once('end', resolve)
    })
    request.once('error', reject)
  })
}
