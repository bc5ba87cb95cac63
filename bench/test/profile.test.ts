import { expect, test } from 'vitest'
import { selfTimes } from '../src/profile.ts'

function node(id: number, functionName: string, url = '', lineNumber = -1) {
  return { id, callFrame: { functionName, url, lineNumber } }
}

test('the time of each sample goes to its function, and functions of one place are one', () => {
  const nodes = [
    node(1, '(root)'),
    node(2, 'hash', 'file:///a/b/main.js', 9),
    node(3, '', 'node:internal/fs', 4),
    node(4, 'hash', 'file:///a/b/main.js', 9),
    node(5, '(program)'),
  ]
  const profile = { nodes, samples: [2, 3, 4, 5, 2], timeDeltas: [1000, 500, 2000, 250, 3000] }
  expect(selfTimes(profile)).toEqual([
    { where: 'hash main.js:10', ms: 6 },
    { where: '(anonymous) fs:5', ms: 0.5 },
    { where: '(program)', ms: 0.25 },
  ])
})
