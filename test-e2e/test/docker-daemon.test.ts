import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EngineOptions, startEngine, type TestEngine } from '@crossdock/test-engine'
import { buildImages } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Crossdock, createCrossdock, repositoryRoot } from '../src/crossdock.ts'
import { findEngine, removeFromEngine } from '../src/find-engine.ts'
import { startHoldingProxy } from '../src/holding-proxy.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { writeLayout } from '../src/write-layout.ts'

const MIB = 1024 * 1024
const CERTIFICATES = join(repositoryRoot, 'packages/transport-docker-daemon/test/fixtures')
const engineSocket = await findEngine()

async function newEngine(options: EngineOptions = {}): Promise<TestEngine> {
  const engine = await startEngine(options)
  onTestFinished(() => engine[Symbol.asyncDispose]())
  return engine
}

describe('docker-daemon:', () => {
  const stack = new AsyncDisposableStack()
  let crossdock: Crossdock
  let fresh: (name: string) => string
  let built: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    const [image] = await buildImages({ folder: fresh('built'), shapes: ['tiny'] })
    built = `oci:${image?.folder}:latest`
  })
  afterAll(() => stack.disposeAsync())

  async function filesOf(name: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { stdout } = await crossdock.done(['export', name], { env })
    return createHash('sha256').update(stdout).digest('hex')
  }

  it('is the engine that DOCKER_HOST names, or a flag', async () => {
    const [one, other] = [await newEngine(), await newEngine({ listen: 'tcp' })]
    const env = { DOCKER_HOST: one.host }
    await crossdock.done(['copy', '-q', built, 'docker-daemon:app:1'], { env })
    await crossdock.done(
      ['copy', '-q', '--dest-daemon-host', other.host, 'docker-daemon:app:1', 'docker-daemon:team/app:2'],
      { env },
    )
    expect(one.names()).toEqual(['docker.io/library/app:1'])
    expect(other.names()).toEqual(['docker.io/team/app:2'])
    expect(await filesOf('docker-daemon:app:1', env)).toBe(await filesOf(built))
    expect(await filesOf('docker-daemon:team/app:2', { DOCKER_HOST: other.host })).toBe(await filesOf(built))
  })

  it('is spoken to with TLS, by the certificates of a flag or of the environment', async () => {
    const pem = (path: string): Promise<string> => readFile(join(CERTIFICATES, path), 'utf8')
    const tls = {
      cert: await pem('engine/cert.pem'),
      key: await pem('engine/key.pem'),
      ca: await pem('certificates/ca.pem'),
    }
    const { host, names } = await newEngine({ listen: 'tcp', tls })
    const certDir = join(CERTIFICATES, 'certificates')
    const to = ['--dest-daemon-host', host, '--dest-cert-dir', certDir, built]
    await crossdock.done(['copy', '-q', ...to, 'docker-daemon:app:1'])
    const env = { DOCKER_HOST: host, DOCKER_CERT_PATH: certDir, DOCKER_TLS_VERIFY: '1' }
    await crossdock.done(['copy', '-q', built, 'docker-daemon:app:2'], { env })
    expect(names()).toHaveLength(2)
    const { exitCode } = await crossdock.run(['inspect', 'docker-daemon:app:1'], { env: { DOCKER_HOST: host } })
    expect(exitCode).toBe(6)
  })

  it('is named when it is not there, or does not have the image', async () => {
    const absent = await crossdock.run(['inspect', '--daemon-host', 'unix:///no/such.sock', 'docker-daemon:app:1'])
    expect(absent.exitCode).toBe(6)
    expect(absent.stderr).toMatch(
      /^crossdock: the engine at unix:\/\/\/no\/such\.sock .*is the Docker Engine running\?.*DOCKER_HOST.*--daemon-host.*\[UNAVAILABLE\]\n$/,
    )
    const { host } = await newEngine()
    const missing = await crossdock.run(['inspect', 'docker-daemon:app:1'], { env: { DOCKER_HOST: host } })
    expect(missing.exitCode).toBe(2)
    const secure = await crossdock.run(['inspect', 'docker-daemon:app:1'], { env: { DOCKER_HOST: 'ssh://me@engine' } })
    expect(secure.stderr).toContain('SSH is not spoken here')
  })

  it.each(['SIGKILL', 'SIGINT'] as const)('%s while an image is sent: the engine has nothing of it', async (signal) => {
    const engine = await newEngine({ listen: 'tcp' })
    await using proxy = await startHoldingProxy(engine.host.slice('tcp://'.length))
    const { folder } = await writeLayout(fresh('large'), { layers: [24 * MIB, 1000], content: 'random' })
    const held = proxy.holdAfter('toServer', 4 * MIB)
    const copy = crossdock.start(['copy', '-q', `oci:${folder}:latest`, 'docker-daemon:app:1'], {
      env: { DOCKER_HOST: `tcp://${proxy.host}` },
    })
    await held
    await copy.kill(signal)
    proxy.reset() // what it holds goes no further
    await engine.idle()
    expect(engine.requests).toEqual([{ method: 'POST', url: '/images/load?quiet=0', isWhole: false }])
    expect(engine.names()).toEqual([])
    expect(await readdir(crossdock.temporary)).toEqual([])
  })

  it.skipIf(engineSocket === undefined)('goes to the engine of this machine and back', async () => {
    const name = `crossdock-test-${process.pid}:1`
    try {
      await crossdock.done(['copy', '-q', built, `docker-daemon:${name}`])
      expect(await filesOf(`docker-daemon:${name}`)).toBe(await filesOf(built))
    } finally {
      await removeFromEngine(name)
    }
  })
})
