import { expect, it } from 'vitest'
import { memoryJournal, memoryLocations, plugin } from '../src/index.ts'

it('takes what the transport takes', async () => {
  const options = {
    credentials: { username: 'gordon', password: 'pw' },
    insecure: () => true,
    resume: false,
    journal: memoryJournal(),
    locations: memoryLocations(),
    hosts: { 'example.com': { chunkBytes: 5, chunkFromBytes: Infinity, head: false } },
    maxManifestBytes: 1000,
    trustedHosts: ['10.0.0.1'],
    proxy: false,
    userAgent: undefined,
  }
  expect(await plugin.options['~standard'].validate(options)).toEqual({ value: options })
  expect(await plugin.options['~standard'].validate(undefined)).toEqual({ value: {} })
  expect(await plugin.options['~standard'].validate({ locations: true })).toEqual({ value: { locations: true } })
  expect(plugin.create({}).name).toBe(plugin.name)
})

it.each<[unknown, string]>([
  [7, 'must be an object'],
  [[], 'must be an object'],
  [{ resum: true }, 'resum is no option'],
  [{ resume: 'yes' }, 'resume must be true or false'],
  [{ parallelBlobs: 0 }, 'parallelBlobs must be a whole number above 0'],
  [{ hosts: { 'example.com': { chunkBytes: 1.5 } } }, 'hosts.example.com.chunkBytes must be'],
  [{ hosts: { 'example.com': null } }, 'must be an object'],
  [{ journal: {} }, 'journal must be an object with claim'],
  [{ trustedHosts: 'x' }, 'trustedHosts must be a list'],
  [{ userAgent: 'a\r\nb' }, 'userAgent must be printable'],
])('refuses %j', async (options, words) => {
  const result = await plugin.options['~standard'].validate(options)
  expect(result.issues?.map(({ message }) => message).join()).toContain(words)
})
