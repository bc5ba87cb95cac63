// Writes pairs of images, each pair in a transaction, and says so: FILE NAME FIRST COUNT
import { openDatabase } from '../../src/database/open-database.ts'

const [file = '', name = '', first = '0', count = '0'] = process.argv.slice(2)
const INSERT = `
  INSERT INTO image (namespace, name, digest, media_type, target, labels, created_at, updated_at, used_at)
  VALUES ('default', $name, '', '', '', '{}', $now, $now, $now)`

await using database = await openDatabase({ file })
for (let round = Number(first); round < Number(first) + Number(count); round += 1) {
  await database.write((sql) => {
    for (const half of ['left', 'right']) sql.run(INSERT, { name: `${name}-${round}-${half}`, now: Date.now() })
  })
  process.stdout.write(`${round}\n`)
}
