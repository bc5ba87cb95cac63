import { expect, it } from 'vitest'
import { httpPlugin, httpsPlugin } from '../src/index.ts'

it.each([httpPlugin, httpsPlugin])('takes what the transport takes', async (plugin) => {
  const options = {
    credentials: { username: 'gordon', password: 'pw' },
    insecure: () => true,
    resume: false,
    cacheFolder: '/tmp/x',
    maxArchiveBytes: 1000,
    trustedHosts: ['10.0.0.1'],
    proxy: false,
    userAgent: undefined,
  }
  expect(await plugin.options['~standard'].validate(options)).toEqual({ value: options })
  expect(await plugin.options['~standard'].validate(undefined)).toEqual({ value: {} })
  expect(plugin.create({}).name).toBe(plugin.name)
})

it.each<[unknown, string]>([
  [7, 'must be an object'],
  [{ resum: true }, 'resum is no option'],
  [{ resume: 'yes' }, 'resume must be true or false'],
  [{ cacheFolder: '' }, 'cacheFolder must be the path'],
  [{ maxArchiveBytes: 0 }, 'maxArchiveBytes must be a whole number above 0'],
  [{ records: { get: () => 1 } }, 'records must be an object with get, put'],
  [{ trustedHosts: 'x' }, 'trustedHosts must be a list'],
])('refuses %j', async (options, words) => {
  const result = await httpsPlugin.options['~standard'].validate(options)
  expect(result.issues?.map(({ message }) => message).join()).toContain(words)
})
