import { ImageError } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { formatAciImageId } from '@crossdock/formats'
import { type AciArchive, type AciTree, type FindDependency, loadAciTree } from '../../src/index.ts'
import { among, dependingOn, imageOf } from './archives.ts'

interface Asking {
  readonly find: FindDependency
  readonly asked: readonly string[]
}

function counting(find: FindDependency): Asking {
  const asked: string[] = []
  return {
    asked,
    find(dependency, operation) {
      asked.push(dependency.imageName)
      return find(dependency, operation)
    },
  }
}

function names({ archive, dependencies }: AciTree): readonly unknown[] {
  return [archive.manifest.name, ...dependencies.map(names)]
}

async function depending(on: object, found: AciArchive): Promise<unknown> {
  const image = await imageOf('a', { files: [], dependencies: [{ imageName: 'b', ...on }] })
  return await loadAciTree(image, { find: () => found })
}

describe('what an image depends on', () => {
  it('is found once each, however often it is asked for', async () => {
    const e = await imageOf('e', { files: [] })
    const d = await imageOf('d', { files: [], ...dependingOn('b', 'e') })
    const c = await imageOf('c', { files: [], ...dependingOn('b', 'e') })
    const b = await imageOf('b', { files: [] })
    const a = await imageOf('a', { files: [], ...dependingOn('b', 'c', 'd') })
    const { find, asked } = counting(among([b, c, d, e]))
    const tree = await loadAciTree(a, { find })
    expect(asked).toStrictEqual(['b', 'c', 'e', 'd'])
    expect(names(tree)).toStrictEqual(['a', ['b'], ['c', ['b'], ['e']], ['d', ['b'], ['e']]])
  })

  it('may be an image that is found in time only', async () => {
    const b = await imageOf('b', { files: [] })
    const a = await imageOf('a', { files: [], ...dependingOn('b') })
    const tree = await loadAciTree(a, { find: () => Promise.resolve(b) })
    expect(names(tree)).toStrictEqual(['a', ['b']])
  })

  it('is missed by its name', async () => {
    const a = await imageOf('a', { files: [], ...dependingOn('b') })
    await expect(loadAciTree(a)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'a depends on b, which is not there; give its archive as well',
    })
  })

  it('is told with the image that needs it where finding it fails', async () => {
    const b = await imageOf('b', { files: [], ...dependingOn('c') })
    const a = await imageOf('a', { files: [], ...dependingOn('b') })
    const cause = new Error('the wire was cut')
    const find: FindDependency = ({ imageName }) => {
      if (imageName === 'b') return b
      throw new ImageError('UNAVAILABLE', 'nobody answers', { retryable: true, cause })
    }
    await expect(loadAciTree(a, { find })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'b depends on c: nobody answers',
      retryable: true,
      cause,
    })
  })

  it('is not looked for after an abort', async () => {
    const a = await imageOf('a', { files: [], ...dependingOn('b', 'c') })
    const reason = new Error('enough')
    const controller = new AbortController()
    const { find, asked } = counting((dependency) => {
      controller.abort(reason)
      return imageOf(dependency.imageName, { files: [] })
    })
    await expect(loadAciTree(a, { find, signal: controller.signal })).rejects.toBe(reason)
    expect(asked).toStrictEqual(['b'])
  })
})

describe('circles', () => {
  it('are told by all that are in them', async () => {
    const a = await imageOf('a', { files: [], ...dependingOn('b') })
    const b = await imageOf('b', { files: [], ...dependingOn('c') })
    const c = await imageOf('c', { files: [], ...dependingOn('a') })
    const { find, asked } = counting(among([a, b, c]))
    await expect(loadAciTree(a, { find })).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: 'the dependencies lead in a circle: a → b → c → a',
    })
    expect(asked).toStrictEqual(['b', 'c', 'a'])
  })

  it('of images that are others each time come to an end', async () => {
    const a = await imageOf('n0', { files: [], ...dependingOn('n1') })
    let count = 0
    const find: FindDependency = async ({ imageName }) => {
      count += 1
      return await imageOf(imageName, { files: [], ...dependingOn(`n${count + 1}`) })
    }
    await expect(loadAciTree(a, { find })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(count).toBe(256)
  })
})

describe('what is found', () => {
  it('has to have the name', async () => {
    await expect(depending({}, await imageOf('c', { files: [] }))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringMatching(/^a depends on b, but what was found is c, sha512-/),
    })
  })

  it('has to have the ID, or the beginning of it that is given', async () => {
    const b = await imageOf('b', { files: [] })
    const id = formatAciImageId(b.id)
    await expect(depending({ imageID: id }, b)).resolves.toBeDefined()
    await expect(depending({ imageID: id.slice(0, 40) }, b)).resolves.toBeDefined()
    const other = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`
    await expect(depending({ imageID: other }, b)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  it('has to have the labels', async () => {
    const labels = [{ name: 'version', value: '1' }]
    const b = await imageOf('b', { files: [], labels })
    await expect(depending({ labels }, b)).resolves.toBeDefined()
    await expect(depending({ labels: [{ name: 'version', value: '2' }] }, b)).rejects.toThrow(
      'a depends on b with the label version 2, but what was found is one with 1',
    )
    await expect(depending({ labels: [{ name: 'team', value: 'x' }] }, b)).rejects.toThrow('is one with none')
  })

  it('has to have the size, as it is published or unpacked', async () => {
    const b = await imageOf('b', { files: ['x'] })
    await expect(depending({ size: b.access.size }, b)).resolves.toBeDefined()
    await expect(depending({ size: 17 }, { ...b, publishedSize: 17 })).resolves.toBeDefined()
    await expect(depending({ size: b.access.size + 1 }, b)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })
})
