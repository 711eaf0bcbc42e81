// Writes what CloudFormation and Pulumi call the resource types of AWS, and hold (go generate in
// discovery/cfn runs it):
//
//   types.txt.gz                 of every type of CloudFormation: primary identifier, properties,
//                                attributes, what below them has names of people's own, and ARNs
//   testdata/native.txt.gz       the types of @pulumi/aws-native with their properties,
//                                which our names are held against
//
// Its packages are pinned beside it and come with 'bash .ci/setup.sh awsspec'. Without them
// it says so and changes nothing.
import { createRequire } from 'node:module';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const packages = resolve(import.meta.dirname, '../../.tools/awsspec/node_modules');
if (!existsSync(packages)) {
  console.error('awsspec: nothing is generated without its packages: bash .ci/setup.sh awsspec');
  process.exit(0);
}
const out = resolve(process.argv[2]);

// ---- @pulumi/aws-native -----------------------------------------------------

// Its types by lower-case token, each with the properties that its class declares.
function nativeTypes() {
  const root = join(packages, '@pulumi/aws-native');
  const types = new Map();
  for (const module of readdirSync(root, { withFileTypes: true })) {
    if (!module.isDirectory()) continue;
    for (const file of readdirSync(join(root, module.name))) {
      if (!file.endsWith('.js')) continue;
      const token = /__pulumiType = '([^']+)'/.exec(readFileSync(join(root, module.name, file), 'utf8'))?.[1];
      if (!token) continue;
      const declared = readFileSync(join(root, module.name, file.replace(/js$/, 'd.ts')), 'utf8');
      const names = new Set([...declared.matchAll(/^    (?:readonly )?(\w+)\??: pulumi\.(?:Output|Input)</gm)].map((m) => m[1]));
      types.set(token.toLowerCase(), { token, names: [...names].sort() });
    }
  }
  return types;
}

// ---- @aws-cdk/aws-service-spec ----------------------------------------------

const { loadAwsServiceSpecSync } = createRequire(join(packages, 'x.js'))('@aws-cdk/aws-service-spec');
const db = loadAwsServiceSpecSync();
const definitions = new Map(db.all('typeDefinition').map((d) => [d.$id, d]));

// kind of a value: '' where our rule gives every name below it, '!' where all below it is
// people's own (a policy document), '*' for a map with keys of their own, and '@' with the
// ids of the definitions to go on with.
function kind(type) {
  switch (type.type) {
    case 'json':
      return { free: true };
    case 'map': {
      const of = kind(type.element);
      return { map: true, refs: of.refs, free: of.free };
    }
    case 'array':
      return kind(type.element);
    case 'ref':
      return { refs: [type.reference.$ref] };
    case 'union': {
      const all = type.types.map(kind);
      return { free: all.some((k) => k.free), map: all.some((k) => k.map), refs: [...new Set(all.flatMap((k) => k.refs ?? []))] };
    }
    default:
      return {};
  }
}

// special tells whether a definition has anything but plain names below it.
const specials = new Map();
function special(id, path = new Set()) {
  if (specials.has(id)) return specials.get(id);
  if (path.has(id)) return false;
  path.add(id);
  const yes = Object.values(definitions.get(id).properties).some((p) => {
    const k = kind(p.type);
    return k.free || k.map || (k.refs ?? []).some((r) => special(r, path));
  });
  path.delete(id);
  if (yes || path.size === 0) specials.set(id, yes);
  return yes;
}

const numbers = new Map(); // of definitions that are written, in the order of their first use
const queue = [];
function number(ids) {
  const key = ids.join('+');
  if (!numbers.has(key)) {
    numbers.set(key, numbers.size);
    queue.push(ids);
  }
  return numbers.get(key);
}

function field(name, type, always) {
  const k = kind(type);
  if (k.free) return `${name}!`;
  const refs = (k.refs ?? []).filter((r) => special(r)).sort((a, b) => a - b);
  const of = refs.length > 0 ? number(refs) : '';
  if (k.map) return `${name}*${of}`;
  if (refs.length > 0) return `${name}@${of}`;
  return always ? name : '';
}

function fields(properties, always) {
  return Object.keys(properties)
    .sort()
    .map((n) => field(n, properties[n].type, always))
    .filter((f) => f !== '')
    .join(',');
}

// topLevel leaves out the attributes below others, which their property brings.
const topLevel = (attributes) => Object.fromEntries(Object.entries(attributes).filter(([n]) => !n.includes('.')));

// arn is what the ARNs of a type are like: "acm-pca:certificate-authority/*".
function arn(template) {
  const [, , service, , , ...rest] = (template ?? '').split(':');
  return service ? `${service}:${rest.join(':').replace(/\$\{\w+\}/g, '*')}` : '';
}

const native = nativeTypes();
const lines = [];
for (const r of db.all('resource').sort((a, b) => (a.cloudFormationType < b.cloudFormationType ? -1 : 1))) {
  const [, service, name] = r.cloudFormationType.split('::');
  const module = service === 'Config' ? 'configuration' : service;
  const token = `aws-native:${module}:${name}`.toLowerCase();
  // Only what packs can name: aws-native has a type for it.
  if (!native.has(token) && !native.has(`${token}resource`)) continue;
  lines.push([r.cloudFormationType, (r.primaryIdentifier ?? []).join(','), fields(r.properties, true), fields(topLevel(r.attributes), true), arn(r.arnTemplate)].join('|'));
}
for (let i = 0; i < queue.length; i++) {
  const merged = Object.assign({}, ...queue[i].map((id) => definitions.get(id).properties));
  lines.push(`${numbers.get(queue[i].join('+'))}|${fields(merged, false)}`);
}

// write leaves a file alone that says the same: another version of zlib compresses otherwise.
function write(name, text) {
  const path = join(out, name);
  if (existsSync(path) && gunzipSync(readFileSync(path)).toString() === text) return;
  writeFileSync(path, gzipSync(text, { level: 9 }));
}
write('types.txt.gz', `${lines.join('\n')}\n`);
write('testdata/native.txt.gz', `${[...native.values()].map((t) => [t.token, ...t.names].join(' ')).sort().join('\n')}\n`);
