import { expect, it, vi } from 'vitest'

it('leaves out the one warning that Node.js 22 has of SQLite, and no other', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue()
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(() => {
    process.emitWarning('SQLite is an experimental feature and might change at any time', 'ExperimentalWarning')
    process.emitWarning('Another one', 'ExperimentalWarning')
    return {}
  })
  const { sqliteModule } = await import('../../src/database/sqlite-module.ts')
  expect(sqliteModule()).toBe(sqliteModule())
  expect(process.getBuiltinModule).toHaveBeenCalledTimes(1)
  process.emitWarning('SQLite is an experimental feature, said by somebody else')
  expect(warned.mock.calls.map(([text]) => text)).toEqual([
    'Another one',
    'SQLite is an experimental feature, said by somebody else',
  ])
  vi.restoreAllMocks()
})

it('is UNSUPPORTED in a Node.js without SQLite', async () => {
  vi.resetModules()
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
  const { sqliteModule } = await import('../../src/database/sqlite-module.ts')
  expect(() => sqliteModule()).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
  vi.restoreAllMocks()
})
