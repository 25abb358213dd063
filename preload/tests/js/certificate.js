// A certificate for localhost, made with the command openssl in the working folder.
'use strict';
const { execFileSync } = require('child_process');
const fs = require('fs');

module.exports = () => {
  if (!fs.existsSync('cert.pem')) {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2',
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
  }
  return { key: fs.readFileSync('key.pem'), cert: fs.readFileSync('cert.pem') };
};
