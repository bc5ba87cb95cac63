/** No layer unpacks to more than this: 1 TiB. What unpacks to much more than it was is refused long before. */
export const MAX_UNPACKED_BYTES: number = 2 ** 40
