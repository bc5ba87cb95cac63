// Writes images into a folder, one after the other, and puts again what others removed meanwhile: FOLDER NAME ROUNDS
import { ImageError } from '@crossdock/core'
import { dirTransport } from '../../src/index.ts'
import { putSigned } from './signed-images.ts'

const [folder = '', name = '', rounds = '1'] = process.argv.slice(2)
for (let round = 0; round < Number(rounds); round++) {
  await using destination = await dirTransport().parseReference(folder).openDestination()
  for (let isDone = false; !isDone;) {
    await putSigned(destination, `${name} ${round}`)
    isDone = await destination.commit().then(
      () => true,
      (reason: unknown) => {
        if (reason instanceof ImageError && reason.code === 'CONFLICT' && reason.missing !== undefined) return false
        throw reason
      },
    )
  }
}
