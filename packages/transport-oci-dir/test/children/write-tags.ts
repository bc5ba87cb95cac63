// Writes images under names of its own into a layout: FOLDER NAME ROUNDS
import { testImage, writeImage } from '@crossdock/transport-testkit'
import { ociDirTransport } from '../../src/index.ts'

const [folder = '', name = '', rounds = '1'] = process.argv.slice(2)
const oci = ociDirTransport()
for (let round = 0; round < Number(rounds); round++) {
  await writeImage(oci.parseReference(`${folder}:${name}-${round}`), testImage({ seed: `${name} ${round}` }))
}
