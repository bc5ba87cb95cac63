import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Digest, ImageTransport } from '@crossdock/core'
import { type EngineOptions, startEngine, type TestEngine } from '@crossdock/test-engine'
import {
  readOnly,
  runTransportCases,
  wrapTransport,
  type Capability,
  type TransportFixture,
} from '@crossdock/transport-testkit'
import { describe, it } from 'vitest'
import { type DockerDaemonTransportOptions, dockerDaemonTransport } from '../src/index.ts'
import { certificateFolder, ENGINE_TLS } from './certificates.ts'

const CAPABILITIES: readonly Capability[] = ['readable', 'writable', 'replaceable']

runTransportCases({
  test: it,
  describe,
  title: 'docker-daemon: an engine at a socket, before Docker 25',
  capabilities: CAPABILITIES,
  fixture: () => writableFixture({ store: 'classic' }),
})

runTransportCases({
  test: it,
  describe,
  title: 'docker-daemon: an engine at a port, Docker 25 and newer',
  capabilities: CAPABILITIES,
  fixture: () => writableFixture({ store: 'classic-25', listen: 'tcp' }),
})

runTransportCases({
  test: it,
  describe,
  title: 'docker-daemon: an engine behind TLS, OCI manifests',
  capabilities: CAPABILITIES,
  fixture: () =>
    writableFixture(
      { store: 'classic', listen: 'tcp', tls: ENGINE_TLS },
      { options: { certDir: certificateFolder }, format: 'oci' },
    ),
})

runTransportCases({
  test: it,
  describe,
  title: "docker-daemon: images that an engine with containerd's store has pulled",
  capabilities: ['readable', 'exactManifests', 'indexes', 'artifacts'],
  fixture: pulledFixture,
})

const REFERENCES = {
  validReferences: [
    'app:1',
    'team/app:1',
    'example.com:5000/app:1',
    `app@sha256:${'0'.repeat(64)}`,
    `sha256:${'0'.repeat(64)}`,
  ],
  invalidReferences: ['', 'app', 'sha256:1', 'App:1', ':1', `app:1@sha256:${'0'.repeat(64)}`, '0'.repeat(64)],
  policyScopes: {
    valid: [
      'docker.io',
      'docker.io/library',
      'docker.io/library/app',
      'docker.io/library/app:1',
      '*.io',
      'localhost:5000',
    ],
    invalid: [`sha256:${'0'.repeat(64)}`],
  },
} satisfies Partial<TransportFixture>

interface Place {
  readonly engine: TestEngine
  readonly options: DockerDaemonTransportOptions
  readonly fixture: Pick<TransportFixture, 'leftovers' | 'dispose'>
}

/** An engine, and a folder for temporary files that nobody else uses. */
async function createPlace(engineOptions: EngineOptions): Promise<Place> {
  const engine = await startEngine(engineOptions)
  const tmpDir = await mkdtemp(join(tmpdir(), 'crossdock-daemon-'))
  return {
    engine,
    options: { host: engine.host, tmpDir },
    fixture: {
      leftovers: () => readdir(tmpDir),
      async dispose() {
        await engine.idle()
        await engine[Symbol.asyncDispose]()
        await rm(tmpDir, { recursive: true, force: true })
      },
    },
  }
}

interface Configuration {
  readonly options?: DockerDaemonTransportOptions
  readonly format?: TransportFixture['format']
}

async function writableFixture(
  engineOptions: EngineOptions,
  { options: more = {}, format = 'docker' }: Configuration = {},
): Promise<TransportFixture> {
  const { options, fixture } = await createPlace(engineOptions)
  const transport = withMadeManifests(dockerDaemonTransport({ ...options, ...more }))
  let count = 0
  return {
    ...REFERENCES,
    ...fixture,
    transport,
    format,
    emptyLocation: async () => transport.parseReference(`app:${count++}`),
  }
}

async function pulledFixture(): Promise<TransportFixture> {
  const { engine, options, fixture } = await createPlace({ store: 'containerd' })
  const transport = readOnly(dockerDaemonTransport(options))
  let count = 0
  return {
    ...REFERENCES,
    ...fixture,
    transport,
    emptyLocation: async () => transport.parseReference(`app:${count++}`),
    seeded: async (image) => {
      const name = `app:${count++}`
      engine.add(name, image)
      return transport.parseReference(name)
    },
  }
}

/** The engine keeps no manifest; what the source makes is what the one that was put has become. */
function withMadeManifests(transport: ImageTransport): ImageTransport {
  const put = new Set<Digest>()
  return wrapTransport(transport, {
    destination: (destination) => ({
      ...destination,
      async putManifest(manifest, options) {
        await destination.putManifest(manifest, options)
        put.add(manifest.digest)
      },
    }),
    source: (source) => ({
      ...source,
      getManifest: (instance, options) =>
        source.getManifest(instance !== undefined && put.has(instance) ? undefined : instance, options),
    }),
  })
}
