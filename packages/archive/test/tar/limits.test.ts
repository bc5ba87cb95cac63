import { expect, test } from 'vitest'
import { createTextCounter } from '../../src/tar/limits.ts'
import { indexOf } from '../bodies.ts'
import { rawMember, rawTar } from '../raw-tar.ts'

test('the text of all members together is limited', async () => {
  const { entries } = await indexOf(rawTar(rawMember({ name: 'a' })))
  const [entry] = entries
  if (entry === undefined) throw new Error('it is missing')
  const count = createTextCounter('the archive')
  const half = 'x'.repeat(128 * 1024 * 1024)
  count({ ...entry, path: half })
  count({ ...entry, path: '', linkName: half })
  count({ ...entry, path: '' })
  expect(() => count({ ...entry, path: '', pax: new Map([['k', '']]) })).toThrow('characters of names')
})
