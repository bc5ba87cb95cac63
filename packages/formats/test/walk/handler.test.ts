import type { Descriptor } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { type Answer, type Handler, handlers, SKIP, STOP } from '../../src/index.ts'
import { CHILD, CONFIG, LAYER } from '../documents.ts'

describe('handlers', () => {
  const asked: string[] = []
  const one = (name: string, answer: Answer): Handler => {
    return () => {
      asked.push(name)
      return answer
    }
  }
  const ask = async (...list: readonly Handler[]): Promise<Answer> => {
    asked.length = 0
    return await handlers(...list)(CHILD, { depth: 0 })
  }
  const some: readonly Descriptor[] = [CONFIG]
  const others: readonly Descriptor[] = [LAYER]

  it.each([
    { name: 'none', list: [], answer: [], all: [] },
    { name: 'their answers together', list: [some, others], answer: [CONFIG, LAYER], all: ['0', '1'] },
    { name: 'one that stops: later ones are not asked', list: [some, STOP, others], answer: [CONFIG], all: ['0', '1'] },
    { name: 'one that skips: nothing of the others holds', list: [some, SKIP, others], answer: SKIP, all: ['0', '1'] },
    { name: 'all asked, though nothing came', list: [[], others], answer: [LAYER], all: ['0', '1'] },
  ] satisfies readonly { name: string; list: readonly Answer[]; answer: Answer; all: readonly string[] }[])(
    '$name',
    async ({ list, answer, all }) => {
      expect(await ask(...list.map((each, place) => one(String(place), each)))).toStrictEqual(answer)
      expect(asked).toStrictEqual(all)
    },
  )

  it('hands on what the walk says', async () => {
    const signal = new AbortController().signal
    let seen: unknown
    const look: Handler = (descriptor, options) => {
      seen = [descriptor, options]
      return []
    }
    await handlers(look)(LAYER, { depth: 3, signal })
    expect(seen).toStrictEqual([LAYER, { depth: 3, signal }])
  })

  it('fails with the first failure, and asks no further', async () => {
    await expect(ask(() => Promise.reject(new Error('no')), one('later', some))).rejects.toThrow('no')
    expect(asked).toStrictEqual([])
  })
})
