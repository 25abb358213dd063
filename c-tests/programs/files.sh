# Files, with Node.js's fs.promises: a tree of folders with twenty small files in each.

prepare_tree() { node "$HERE/files.js" make tree "$(many 500 5)"; }

prepare_readdir() { prepare_tree; }
work_readdir() { under node "$HERE/files.js" readdir tree "$(many 10 1)"; }

prepare_cp() { prepare_tree; }
reset_cp() { rm -rf copy; }
work_cp() { under node "$HERE/files.js" cp tree; }

prepare_rm() { prepare_tree; }
reset_rm() { cp -r tree copy; }
work_rm() { under node "$HERE/files.js" rm copy; }

prepare_read() { prepare_tree; }
work_read() { under node "$HERE/files.js" read tree; }

prepare_read_all() { prepare_tree; }
work_read_all() { under node "$HERE/files.js" read-all tree; }
