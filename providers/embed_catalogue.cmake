# SPDX-License-Identifier: Apache-2.0
#
# Writes OUTPUT, a C++ source with the text of every FILES (a ;-list) as a row
# of the catalogue: cmake -DOUTPUT=... -DFILES=... -P embed_catalogue.cmake
set(rows "")
foreach(file IN LISTS FILES)
  file(READ ${file} text)
  get_filename_component(name ${file} NAME)
  string(APPEND rows
         "    {\"catalogue/${name}\", R\"catalogue(${text})catalogue\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated.
#include \"providers/catalogue.h\"

namespace tokenbroker {

std::vector<Catalogue::Row> Catalogue::EmbeddedRows() {
  return {
${rows}  };
}

}  // namespace tokenbroker
")
