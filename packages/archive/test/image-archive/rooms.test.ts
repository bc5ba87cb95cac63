import { expect, it } from 'vitest'
import { areGapless } from '../../src/image-archive/close-gaps.ts'
import { createRooms } from '../../src/image-archive/rooms.ts'

it('rooms follow one another', () => {
  const rooms = createRooms()
  const all = [rooms.take(512), rooms.take(1024)]
  expect(all).toEqual([
    { begin: 0, end: 512 },
    { begin: 512, end: 1536 },
  ])
  expect(areGapless(all)).toBe(true)
  expect(areGapless(all.slice(1))).toBe(false)
})

it('what is given back at the end is taken again, with the gaps before it', () => {
  const rooms = createRooms()
  const [, second, third, fourth] = [1, 2, 3, 4].map((bytes) => rooms.take(bytes))
  rooms.giveBack(third!)
  rooms.giveBack(second!)
  expect(rooms.take(1)).toEqual({ begin: 10, end: 11 })
  expect(rooms.take(3)).toEqual(third)
  expect(rooms.append(2)).toEqual({ begin: 11, end: 13 })
  rooms.giveBack({ begin: 11, end: 13 })
  rooms.giveBack(third!)
  rooms.giveBack({ begin: 10, end: 11 })
  rooms.giveBack(fourth!)
  expect(rooms.take(1)).toEqual({ begin: 1, end: 2 })
})

it('the last one can grow', () => {
  const rooms = createRooms()
  const room = rooms.take(512)
  expect(rooms.extend(room, 2048)).toEqual({ begin: 0, end: 2048 })
  expect(rooms.take(1)).toEqual({ begin: 2048, end: 2049 })
})
