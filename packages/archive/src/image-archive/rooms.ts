/** Where a member lies, from its header to the end of its last block. */
export interface Room {
  readonly begin: number
  readonly end: number
}

/** Who writes where in a file that grows. */
export interface Rooms {
  /** A room of this size: one that was given back, so that what is put again comes to its place, or else behind all others. */
  take(bytes: number): Room
  /** A room behind all others. */
  append(bytes: number): Room
  /** Lets the last room end there instead. */
  extend(last: Room, end: number): Room
  /** What is not needed after all. */
  giveBack(room: Room): void
}

export function createRooms(): Rooms {
  /** By where they end. */
  const gaps = new Map<number, Room>()
  let end = 0

  function append(bytes: number): Room {
    const room = { begin: end, end: end + bytes }
    ;({ end } = room)
    return room
  }

  return {
    take(bytes) {
      const gap = [...gaps.values()].find((room) => room.end - room.begin === bytes)
      if (gap === undefined) return append(bytes)
      gaps.delete(gap.end)
      return gap
    },
    append,
    extend({ begin }, to) {
      end = to
      return { begin, end }
    },
    giveBack(room) {
      gaps.set(room.end, room)
      for (let last = gaps.get(end); last !== undefined; last = gaps.get(end)) {
        gaps.delete(end)
        end = last.begin
      }
    },
  }
}
