import { createTransportRegistry } from '@crossdock/core'
import { expect, test } from 'vitest'
import { defaultTransports } from '../src/index.ts'

test('every built-in transport is there, under its name, and takes its own options', async () => {
  const registry = createTransportRegistry(
    defaultTransports({
      docker: { resume: false },
      ociDir: { resume: false },
      dir: { resume: false },
      http: { resume: false },
      aciDiscovery: { maxAttempts: 1 },
      ociArchive: { durability: 'fast' },
      dockerArchive: { durability: 'fast' },
      tarball: { annotations: {} },
      dockerDaemon: { host: 'unix:///run/engine.sock' },
      store: { folder: './store' },
    }),
  )
  const names = registry.transports.map(({ name }) => name)
  expect(names).toEqual([
    'docker',
    'oci',
    'dir',
    'oci-archive',
    'docker-archive',
    'aci',
    'tarball',
    'docker-daemon',
    'https',
    'http',
    'appc',
    'store',
  ])
  for (const name of [
    'docker://example.com/app:1',
    'oci:./folder:app',
    'dir:./folder',
    'oci-archive:./file:app',
    'docker-archive:./file',
    'aci:./file.aci',
    'tarball:./one:./two',
    'docker-daemon:app:1',
    'https://example.com/app.tar#app:1',
    'http://example.com/app.tar',
    'appc:example.com/app:1,os=linux',
    'store:app:1',
  ]) {
    expect(registry.parse(name).toString()).toBe(name.slice(name.indexOf(':') + 1))
  }
  await registry.close()
})

test.each(['ociArchive', 'dockerArchive', 'tarball', 'dockerDaemon', 'http'] as const)(
  '%s hands its options on',
  (key) => {
    expect(() => defaultTransports({ [key]: { maxUnpackedBytes: -1 } })).toThrow(/maxUnpackedBytes/)
  },
)
