# Runs when cpack has installed Sluice into its folder, and before it packs that. Debian compresses
# manual pages and changes. All files get the time of the source, so that the package is the same
# when it is made again.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(documents ${root}/usr/share/doc/sluice)
file(RENAME ${documents}/CHANGELOG.md ${documents}/changelog)
file(GLOB pages ${root}/usr/share/man/man*/*)
execute_process(COMMAND gzip -9n ${pages} ${documents}/changelog COMMAND_ERROR_IS_FATAL ANY)
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND find ${root} -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} +
    COMMAND_ERROR_IS_FATAL ANY)
endif()
