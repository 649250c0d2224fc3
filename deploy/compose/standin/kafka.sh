#!/usr/bin/env bash
# Builds an image that can stand in for Kafka's own one where images cannot be pulled: the same KAFKA_* variables, ports
# and folders, but made of this machine's Java and of Kafka's jars. It takes them from the host, so that nothing is
# downloaded.
#
#   kafka.sh JARS NAME      JARS: folder with Kafka's jars; NAME: of the image
set -eu
jars=$1
name=$2
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# /bin, /lib and so on are links where the host has them so.
for folder in /bin /lib /lib64 /sbin; do
  if [ -L "$folder" ]; then
    mkdir -p "$root/usr$folder"
    ln -s "usr$folder" "$root$folder"
  fi
done

# copy puts files, and what they link to, at their own place in the image.
copy() {
  for path in "$@"; do
    mkdir -p "$root$(dirname "$path")"
    cp -aL "$path" "$root$path"
  done
}

home=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
mkdir -p "$root$home" "$root/tmp" "$root/etc" "$root/opt/kafka/libs" "$root/opt/kafka/config" "$root/mnt/shared/config" "$root/etc/kafka/docker" "$root/var/lib/kafka"
chmod 1777 "$root/tmp"
for part in bin conf lib; do
  if [ -e "$home/$part" ]; then cp -a "$home/$part" "$root$home/"; fi
done
rm -f "$root$home"/lib/{src.zip,ct.sym}
for settings in /etc/java-*; do # Debian's Java links to its settings there
  if [ -d "$settings" ]; then cp -a "$settings" "$root/etc/"; fi
done
copy "$(command -v bash)" "$(command -v sleep)"
# Every library that Java, its own libraries and the shell are linked with, except Java's own.
find "$home/bin/java" "$home/lib" "$(command -v bash)" "$(command -v sleep)" -type f \( -name '*.so' -o -perm -u+x \) -print0 |
  xargs -0 ldd 2>/dev/null | awk '/=> \// {print $3} /^[[:space:]]+\// {print $1}' | sort -u |
  while read -r library; do
    case $library in "$home"/*) ;; *) copy "$library" ;; esac
  done
printf 'root:x:0:0:root:/root:/bin/bash\nappuser:x:1000:1000:kafka:/:/bin/bash\n' >"$root/etc/passwd"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
for library in /lib/*-linux-gnu/libnss_dns.so.2 /lib/*-linux-gnu/libnss_files.so.2 /lib/*-linux-gnu/libresolv.so.2; do
  if [ -e "$library" ]; then copy "$library"; fi
done
cp -L "$jars"/*.jar "$root/opt/kafka/libs/"
cp "$here/run.sh" "$root/etc/kafka/docker/run"
cp "$here/server.properties" "$root/etc/kafka/docker/server.properties"
cp "$here/log4j2.yaml" "$root/etc/kafka/docker/log4j2.yaml"
cp "$here/log4j2.yaml" "$root/etc/kafka/docker/tools-log4j2.yaml"
chmod 755 "$root/etc/kafka/docker/run"
chown -R 1000:1000 "$root/opt/kafka" "$root/var/lib/kafka" "$root/mnt/shared"

tar -C "$root" -c . | docker import \
  --change "ENV JAVA_HOME=$home PATH=/bin:/usr/bin:$home/bin" \
  --change 'USER 1000' --change 'VOLUME /var/lib/kafka' --change 'EXPOSE 9092' \
  --change 'CMD ["/bin/bash", "/etc/kafka/docker/run"]' \
  - "$name" >/dev/null
