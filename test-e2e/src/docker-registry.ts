import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startProcess } from './start-process.ts'

/** A running docker-registry. Disposing it ends the process; what it stored stays in its folder. */
export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as it stands in an image name. */
  readonly host: string
  /** Where it keeps what it has. */
  readonly storage: string
}

export interface DockerRegistryOptions {
  /** Whether it takes Docker schema 1. Default: false, as it comes. */
  readonly schema1?: boolean | undefined
}

/** Starts docker-registry on a free port, with its files in a folder that does not have to exist. */
export async function startDockerRegistry(
  program: string,
  folder: string,
  { schema1 = false }: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  await mkdir(folder, { recursive: true })
  const storage = join(folder, 'storage')
  const config = join(folder, 'config.yml')
  const settings = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    // The registry chooses the port and says which, once it listens: nobody else can take it in between.
    compatibility: { schema1: { enabled: schema1 } },
    http: { addr: '127.0.0.1:0', secret: 'a secret that outlives restarts' },
  }
  await writeFile(config, JSON.stringify(settings)) // JSON is YAML.
  const server = startProcess([program, 'serve', config])
  const [, host = ''] = await server.untilOutput('stderr', /listening on (127\.0\.0\.1:\d+)/)
  return { host, storage, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}
