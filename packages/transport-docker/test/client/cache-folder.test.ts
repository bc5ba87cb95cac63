import { expect, it } from 'vitest'
import { cacheFolder } from '../../src/client/cache-folder.ts'

it.skipIf(process.platform === 'win32')('is in the cache folder', () => {
  expect(cacheFolder('uploads', { XDG_CACHE_HOME: '/x' })).toBe('/x/crossdock/uploads')
  expect(cacheFolder('locations', {})).toMatch(/\.cache\/crossdock\/locations$/)
})

it.runIf(process.platform === 'win32')('is in the folder for local data', () => {
  expect(cacheFolder('uploads', { LOCALAPPDATA: 'C:\\x' })).toBe('C:\\x\\crossdock\\uploads')
})
