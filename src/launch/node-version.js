/**
 * Says so, and ends with code 2, when Node is too old for us. Plain JavaScript that old versions can read: it has to
 * run before anything else is loaded.
 */
const LEAST = [22, 18];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  process.stderr.write(
    `sallyport needs Node ${LEAST.join('.')} or newer; this is ${process.versions.node}. ` +
      'In a checkout, npm start and npm test bring their own.\n',
  );
  process.exit(2);
}
