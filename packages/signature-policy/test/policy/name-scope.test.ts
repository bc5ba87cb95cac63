import { describe, expect, it } from 'vitest'
import { nameScopeProblem } from '../../src/policy/name-scope.ts'
import { rowsOf } from './tables.ts'

/** In the order of the source: those that are taken, those that are not. */
const [valid = [], invalid = []] = rowsOf<string>('policy_config_test', 'TestValidateIdentityRemappingPrefix')

describe('nameScopeProblem', () => {
  it.each(valid)('takes "%s"', (text) => expect(nameScopeProblem(text)).toBeUndefined())
  it.each([...invalid, '/', '/a', 'a//b', 'a:b', 'a:99999', 'a:1/b:2', '[::1]', 'a b', '*.example.com'])(
    'refuses "%s"',
    (text) => expect(nameScopeProblem(text)).toBeTypeOf('string'),
  )
})
