#!/bin/sh
# Runs this lab distribution of Nacos alone, with its embedded database, in the foreground.
home=$(cd "$(dirname "$0")/.." && pwd)
cd "$home" || exit
exec java -Xmx512m -Dnacos.standalone=true -Dnacos.home="$home" -Dloader.path="$home/plugins" \
  -jar target/nacos-server.jar --spring.config.additional-location="file:$home/conf/" \
  --logging.config="$home/conf/nacos-logback.xml" nacos.nacos
