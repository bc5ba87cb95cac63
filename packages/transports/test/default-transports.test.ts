import { createTransportRegistry } from '@crossdock/core'
import { expect, test } from 'vitest'
import { defaultTransports } from '../src/index.ts'

test('every built-in transport is there, under its name, and takes its own options', async () => {
  const registry = createTransportRegistry(defaultTransports({ docker: { resume: false }, ociDir: { resume: false } }))
  expect(registry.transports.map(({ name }) => name)).toEqual(['docker', 'oci'])
  for (const name of ['docker://example.com/app:1', 'oci:./folder:app']) {
    expect(registry.parse(name).toString()).toBe(name.slice(name.indexOf(':') + 1))
  }
  await registry.close()
})
