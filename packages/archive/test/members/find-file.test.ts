import { describe, expect, test } from 'vitest'
import { bytesAccess, findFile, openEntry } from '../../src/index.ts'
import { indexOf, readAll, rejection, text } from '../bodies.ts'
import { fixture } from '../fixtures.ts'
import { rawHeader, rawMember, rawTar } from '../raw-tar.ts'

const symlink = (name: string, linkName: string): Buffer => rawHeader({ name, flag: '2', linkName })
const hardlink = (name: string, linkName: string): Buffer => rawHeader({ name, flag: '1', linkName })

const tar = rawTar(
  rawMember({ name: 'dir/', flag: '5' }),
  rawMember({ name: 'dir/file' }, 'content'),
  symlink('dir/soft', 'file'),
  symlink('other/soft', '../dir/./file'),
  hardlink('hard', './dir/file'),
  symlink('soft-to-hard', 'hard'),
  symlink('absolute', '/etc/passwd'),
  symlink('out', '../../etc/passwd'),
  symlink('nowhere', 'missing'),
  symlink('to-folder', 'dir'),
  symlink('loop-a', 'loop-b'),
  symlink('loop-b', 'loop-a'),
  symlink('self', 'self'),
  ...Array.from({ length: 6 }, (_, at) => symlink(`chain-${at}`, at === 0 ? 'dir/file' : `chain-${at - 1}`)),
  hardlink('early', 'late'),
  rawMember({ name: 'late' }, 'x'),
  hardlink('escaped', '../dir/file'),
  rawMember({ name: 'twice' }, '1'),
  rawMember({ name: 'twice' }, '2'),
  hardlink('to-twice', 'twice'),
  symlink('through', 'dir'),
  ...['3', '4', '6'].map((flag) => rawMember({ name: `special-${flag}`, flag })),
)

describe('findFile', () => {
  test.each(['dir/file', './dir//file', 'dir/soft', 'other/soft', 'hard', 'soft-to-hard', 'chain-0', 'chain-3'])(
    '%s leads to the file',
    async (path) => {
      const entry = findFile(await indexOf(tar), path)
      expect(entry.path).toBe('dir/file')
      expect(text(await readAll(openEntry(bytesAccess(tar), entry)))).toBe('content')
    },
  )

  test.each([
    ['absolute', 'out of the archive'],
    ['out', 'out of the archive'],
    ['nowhere', 'to nothing'],
    ['to-folder', 'it is a directory'],
    ['dir', 'it is a directory'],
    ['loop-a', 'in a circle'],
    ['self', 'in a circle'],
    ['chain-5', 'more than 4 links'],
    ['early', 'to a later member'],
    ['escaped', 'has a ".."'],
    ['to-twice', 'two members'],
    ['special-3', 'it is a character-device'],
    ['special-4', 'it is a block-device'],
    ['special-6', 'it is a fifo'],
    ['../dir/file', 'has a ".."'],
  ])('%s is refused', async (path, says) => {
    const index = await indexOf(tar)
    const error = await rejection((async () => findFile(index, path))())
    expect(error).toMatchObject({ code: 'INVALID_DATA' })
    expect(String(error)).toContain(says)
  })

  test.each(['missing', 'through/file', 'dir/file/x', 'constructor'])('%s is not there', async (path) => {
    const index = await indexOf(tar)
    expect(() => findFile(index, path)).toThrow('has no member')
  })

  test('the last of two members with one path is read', async () => {
    const entry = findFile(await indexOf(tar), 'twice')
    expect(text(await readAll(openEntry(bytesAccess(tar), entry)))).toBe('2')
  })

  test("a layer that docker save made a link is found with its target's bytes", async () => {
    const saved = fixture('images/test_link.tar')
    const index = await indexOf(saved)
    const link = 'b159278ac0c8813245b6c3b22cbbe7abefe3b2ec3fac6c7e87138811e1ef2a88/layer.tar'
    expect(index.byPath.get(link)?.type).toBe('symlink')
    expect(findFile(index, link)).toMatchObject({ size: 10_240, path: expect.stringContaining('6e77476643c3155b') })
  })
})
