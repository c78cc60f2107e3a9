import { isNumeric, toNumber } from '../bson/numbers.ts'
import { typeName } from '../bson/type-names.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { type Collation, parseCollation } from '../query/collation.ts'
import { checkNamespace } from '../storage/catalog.ts'

/** Typed access to the fields of a command or of one of its statements, with the server's errors. */
export class Fields {
  readonly name: string
  readonly body: Doc
  constructor(name: string, body: Doc) {
    this.name = name
    this.body = body
  }

  /** Refuses every field that is not known. */
  only(known: ReadonlySet<string>): void {
    for (const key of this.body.keys) {
      if (!known.has(key)) {
        throw new CommandError('IDLUnknownField', `BSON field '${this.name}.${key}' is an unknown field.`)
      }
    }
  }

  wrongType(field: string, value: Value, expected: string): CommandError {
    const noun = expected.includes(',') ? 'types' : 'type'
    return new CommandError(
      'TypeMismatch',
      `BSON field '${this.name}.${field}' is the wrong type '${typeName(value)}', expected ${noun} '${expected}'`,
    )
  }

  missing(field: string): CommandError {
    return new CommandError('IDLFailedToParse', `BSON field '${this.name}.${field}' is missing but a required field`)
  }

  get(field: string): Value | undefined {
    return this.body.get(field)
  }

  /** A field that is null counts as absent, as for most optional fields of the server. */
  optional(field: string): Value | undefined {
    return this.body.get(field) ?? undefined
  }

  doc(field: string): Doc | undefined {
    const value = this.optional(field)
    if (value === undefined || value instanceof Doc) return value
    throw this.wrongType(field, value, 'object')
  }

  needDoc(field: string): Doc {
    const value = this.doc(field)
    if (value === undefined) throw this.missing(field)
    return value
  }

  array(field: string): Value[] | undefined {
    const value = this.optional(field)
    if (value === undefined || Array.isArray(value)) return value
    throw this.wrongType(field, value, 'array')
  }

  docs(field: string): Doc[] | undefined {
    return this.array(field)?.map((value, i) => {
      if (value instanceof Doc) return value
      throw this.wrongType(`${field}.${i}`, value, 'object')
    })
  }

  string(field: string): string | undefined {
    const value = this.optional(field)
    if (value === undefined || typeof value === 'string') return value
    throw this.wrongType(field, value, 'string')
  }

  needString(field: string): string {
    const value = this.string(field)
    if (value === undefined) throw this.missing(field)
    return value
  }

  /** The name of a collection in a database. */
  collectionIn(db: string, field: string): string {
    const name = this.get(field)
    if (typeof name !== 'string') {
      throw new CommandError('InvalidNamespace', `collection name has invalid type ${typeName(name ?? null)}`)
    }
    checkNamespace(db, name)
    return name
  }

  bool(field: string): boolean {
    const value = this.optional(field)
    if (value === undefined || typeof value === 'boolean') return value ?? false
    if (isNumeric(value)) return toNumber(value) !== 0
    throw this.wrongType(field, value, '[bool, long, int, decimal, double]')
  }

  /** A whole number that is not negative. */
  count(field: string): number | undefined {
    const value = this.optional(field)
    if (value === undefined) return undefined
    if (!isNumeric(value)) throw this.wrongType(field, value, '[long, int, decimal, double]')
    const number = Math.trunc(toNumber(value))
    if (!(number >= 0)) {
      throw new CommandError(51024, `BSON field '${field}' value must be >= 0, actual value '${number}'`)
    }
    return number
  }

  collation(): Collation | undefined {
    return parseCollation(this.optional('collation'))
  }
}
