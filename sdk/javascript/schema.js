/**
 * Checks settings against the part of JSON Schema that settings need.
 *
 * A keyword that is not known here is refused when the module starts, not passed over: a check that nobody makes would
 * look like one that holds.
 */

const KNOWN = new Set(
  ("$schema title description examples default type enum const properties required additionalProperties items " +
    "minItems maxItems uniqueItems minLength maxLength pattern minimum maximum").split(" "),
);
const TYPES = {
  object: (value) => value !== null && typeof value === "object" && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  integer: Number.isInteger,
  number: (value) => typeof value === "number",
  null: (value) => value === null,
};

/** Refuses a schema that says more than is checked. */
export function soundSchema(schema, at = "the schema") {
  if (typeof schema === "boolean") return;
  if (!TYPES.object(schema)) throw new TypeError(`${at} must be an object`);
  for (const keyword of Object.keys(schema)) {
    if (!KNOWN.has(keyword)) throw new TypeError(`${at}: \`${keyword}\` is not supported in settings`);
  }
  if (schema.type !== undefined && !Object.hasOwn(TYPES, schema.type)) {
    throw new TypeError(`${at}: \`${schema.type}\` is no type`);
  }
  for (const [name, inner] of Object.entries(schema.properties ?? {})) soundSchema(inner, `${at}.${name}`);
  for (const keyword of ["items", "additionalProperties"]) {
    if (schema[keyword] !== undefined) soundSchema(schema[keyword], `${at}.${keyword}`);
  }
}

/** What is wrong with a value, as sentences. */
export function settingsErrors(schema, value, at = "") {
  const shown = at ? `\`${at}\`` : "the settings";
  if (schema === true) return [];
  if (schema === false) return [`${shown} may not be set`];
  const { type } = schema;
  if (type !== undefined && !TYPES[type](value)) return [`${shown} must be ${article(type)}`];
  const errors = [];
  const same = (other) => JSON.stringify(other) === JSON.stringify(value);
  if (schema.enum && !schema.enum.some(same)) {
    errors.push(`${shown} must be one of ${schema.enum.map((word) => JSON.stringify(word)).join(", ")}`);
  }
  if (schema.const !== undefined && !same(schema.const)) {
    errors.push(`${shown} must be ${JSON.stringify(schema.const)}`);
  }
  if (TYPES.object(value)) errors.push(...objectErrors(schema, value, at, shown));
  else if (Array.isArray(value)) errors.push(...listErrors(schema, value, at, shown));
  else if (typeof value === "string") errors.push(...textErrors(schema, value, shown));
  else if (typeof value === "number") {
    if (value < schema.minimum) errors.push(`${shown} must be at least ${schema.minimum}`);
    if (value > schema.maximum) errors.push(`${shown} must be at most ${schema.maximum}`);
  }
  return errors;
}

function objectErrors(schema, value, at, shown) {
  const properties = schema.properties ?? {};
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
  const errors = missing.map((name) => `${shown} must have \`${name}\``);
  for (const [name, inner] of Object.entries(value)) {
    const place = at ? `${at}.${name}` : name;
    if (Object.hasOwn(properties, name)) errors.push(...settingsErrors(properties[name], inner, place));
    else if (schema.additionalProperties === false) {
      const known = Object.keys(properties).map((each) => `\`${each}\``);
      errors.push(`\`${place}\` is not a setting: only ${known.join(", ")} is`);
    } else errors.push(...settingsErrors(schema.additionalProperties ?? true, inner, place));
  }
  return errors;
}

function listErrors(schema, value, at, shown) {
  const errors = [];
  if (value.length < schema.minItems) errors.push(`${shown} must have at least ${schema.minItems} items`);
  if (value.length > schema.maxItems) errors.push(`${shown} must have at most ${schema.maxItems} items`);
  if (schema.uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < value.length) {
    errors.push(`${shown} must not have an item twice`);
  }
  value.forEach((item, index) => errors.push(...settingsErrors(schema.items ?? true, item, `${at}[${index}]`)));
  return errors;
}

function textErrors(schema, value, shown) {
  const errors = [];
  const length = [...value].length;
  if (length < schema.minLength) errors.push(`${shown} must have at least ${schema.minLength} characters`);
  if (length > schema.maxLength) errors.push(`${shown} must have at most ${schema.maxLength} characters`);
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    errors.push(`${shown} must match \`${schema.pattern}\``);
  }
  return errors;
}

/** The settings, with what the schema says of settings that were left out. */
export function withDefaults(schema, value) {
  if (!TYPES.object(schema) || !TYPES.object(value)) return value;
  const filled = { ...value };
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(filled, name)) filled[name] = withDefaults(inner, filled[name]);
    else if (TYPES.object(inner) && inner.default !== undefined) filled[name] = inner.default;
  }
  return filled;
}

function article(type) {
  if (type === "null") return "null";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
