/**
 * Run by npm when the packages of a checkout have been installed: makes the blank database that first starts copy.
 * Whatever goes wrong costs only time later, so an installation never fails for it.
 */
try {
  const { makeBlank } = await import('../../src/store/connection.ts');
  await makeBlank();
} catch (error) {
  console.warn(`sallyport: no blank database was prepared, the first start makes one: ${error}`);
}
