# shellcheck shell=sh disable=SC2154,SC2034 # it shares variables with those that source it
# What the submit scripts of standalone, yarn and kubernetes share. They source it; it is not run.
# It is told: root, the directory of the project, and jar, where Spark finds the cluster jar.
#
#   SPARK_HOME         a Spark 3.5 for Scala 2.12, whose bin/spark-submit is used
#   LOCKSTEP_WORKERS   how many workers train, for which executors are asked; unset, executors for 2, and
#                      as many workers unless the configuration, or the run to go on with, has fewer
#   LOCKSTEP_CORES     cores of an executor, each of which is a worker's; 1
#   LOCKSTEP_HEAP      MiB of Java heap of an executor: the data set, one copy an executor, a byte a
#                      pixel, and 512 for Spark; 2048
#   LOCKSTEP_ARRAYS    MiB of an executor for ND4J's arrays outside the heap; 1024
#   LOCKSTEP_DIRECT    MiB outside the heap: of an executor, for parameters, gradients and batches and
#                      the network's buffers; of the driver, for the parameters, once for itself,
#                      once for each worker's gradient (with microBatches, for each sum that travels)
#                      and once for their sum (with microBatches, for a few). Encryption needs 64 KiB
#                      a connection; 512
#
# Arguments are the program's. With a -- among them, those before it are spark-submit's, and win over
# what is set here:   submit --conf spark.lockstep.port=7100 -- train --config ...

case ${1:-} in
  --help | -h)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    echo
    sed -n '/^#   SPARK_HOME/,/^$/s/^# \{0,1\}//p' "$root/deploy/cluster.sh"
    exit 0
    ;;
esac

fail() {
  printf 'submit: %s\n' "$*" >&2
  exit 2
}

whole() {
  case $2 in
    '' | *[!0-9]* | 0*) fail "$1 is '$2' but must be a whole number above 0${3:-}" ;;
  esac
}

given_workers=${LOCKSTEP_WORKERS:-}
: "${LOCKSTEP_WORKERS:=2}" "${LOCKSTEP_CORES:=1}"
: "${LOCKSTEP_HEAP:=2048}" "${LOCKSTEP_ARRAYS:=1024}" "${LOCKSTEP_DIRECT:=512}"
whole LOCKSTEP_WORKERS "$LOCKSTEP_WORKERS"
whole LOCKSTEP_CORES "$LOCKSTEP_CORES"
whole LOCKSTEP_HEAP "$LOCKSTEP_HEAP" ' (MiB)'
whole LOCKSTEP_ARRAYS "$LOCKSTEP_ARRAYS" ' (MiB)'
whole LOCKSTEP_DIRECT "$LOCKSTEP_DIRECT" ' (MiB)'

[ -n "${SPARK_HOME:-}" ] || fail "SPARK_HOME is not set; set it to the directory of a Spark 3.5 for Scala 2.12"
submit=$SPARK_HOME/bin/spark-submit
[ -x "$submit" ] || fail "SPARK_HOME is $SPARK_HOME but there is no bin/spark-submit in it"
case $jar in
  local:*) ;; # in the image
  *) [ -f "$jar" ] || fail "there is no $jar; build it with: mvn -B -DskipTests package, or set LOCKSTEP_JAR to it" ;;
esac

# All workers must run at once, for they wait for one another at every step.
executors=$(((LOCKSTEP_WORKERS + LOCKSTEP_CORES - 1) / LOCKSTEP_CORES))

# What an executor takes outside its heap: ND4J's arrays, direct buffers, and 512 MiB for Java's
# code and threads and the native libraries. Heap and this are the size of its container, and what
# JavaCPP lets the process grow to before it fails with a message; without it, the container's
# owner kills the process without one.
overhead=$((LOCKSTEP_ARRAYS + LOCKSTEP_DIRECT + 512))
process=$((LOCKSTEP_HEAP + overhead))
limits="-XX:MaxDirectMemorySize=${LOCKSTEP_DIRECT}m -Dorg.bytedeco.javacpp.maxbytes=${LOCKSTEP_ARRAYS}m"
executor_java="$limits -Dorg.bytedeco.javacpp.maxphysicalbytes=${process}m"

# The driver has labels, parameters and the optimizer's state, and no examples: a heap of 1 GiB.
driver_heap=1024
driver_java="$limits -Dorg.bytedeco.javacpp.maxphysicalbytes=$((driver_heap + overhead))m"

# Puts the jar between the two kinds of arguments.
separated=''
for argument do
  [ "$argument" != -- ] || separated=yes
done
[ -n "$separated" ] || set -- -- "$@"
command='' workers=$given_workers separated=''
for argument do
  shift
  if [ -n "$separated" ]; then
    : "${command:=$argument}"
    case $argument in
      --workers | --workers=* | --help | -h) workers='' ;; # said already
    esac
  elif [ "$argument" = -- ]; then
    separated=yes
    set -- "$@" --class dev.lockstep.spark.cli.Main
    argument=$jar
  fi
  set -- "$@" "$argument"
done
[ -n "$command" ] || fail "the command is missing, such as: train --config conf/mnist-mlp.yaml"
case $command in
  train | retrain) [ -z "$workers" ] || set -- "$@" --workers "$workers" ;;
esac

# One core a task, and a task is a worker: it has one native thread, which the program itself sees
# to; more cores a task would be idle.
set -- --conf spark.task.cpus=1 "$@"
# The number of workers is fixed, and a second copy of one stands by until the first is lost, which
# takes a slot that a replacement would get anyway. Both may be on, and then do no harm and no good.
set -- --conf spark.speculation=false --conf spark.dynamicAllocation.enabled=false "$@"
# Who does not know the application's secret cannot talk to driver, executors or coordinator, and
# what they say is encrypted: what workers and coordinator say with AES/GCM, all that Spark says
# with AES in counter mode, which hides it but does not notice a changed bit. (Spark's own AES/GCM
# loses messages up to 3.5.5, SPARK-56227.) Where the network is private, encryption may be off; the
# run's secret, which lets one join the training, then travels in the clear.
set -- --conf spark.authenticate=true --conf spark.network.crypto.enabled=true \
  --conf spark.network.crypto.authEngineVersion=2 "$@"
# A file system may leave an operation unanswered for spark.lockstep.storageTimeout (10min), and a
# driver that gives no sign of life has its run for spark.lockstep.leaseTimeout (30s) more.
#
# The page of a running application tells its settings to whoever reaches it. To watch a training
# there, as the README tells, turn it on: --conf spark.ui.enabled=true
set -- --conf spark.ui.enabled=false "$@"
# Executors must reach three ports of the driver, all authenticated: Spark's two and the
# coordinator's. They are any that are free; where a firewall stands between, name them with
# spark.driver.port, spark.driver.blockManager.port and spark.lockstep.port. Where folds train at
# once, each has a coordinator: they take the next ports, up to spark.port.maxRetries (16) above.
set -- --conf "spark.executor.memory=${LOCKSTEP_HEAP}m" \
  --conf "spark.executor.memoryOverhead=${overhead}m" \
  --conf "spark.executor.extraJavaOptions=$executor_java" \
  --conf "spark.driver.memory=${driver_heap}m" \
  --conf "spark.driver.extraJavaOptions=$driver_java" "$@"
set -- --conf "spark.executor.cores=$LOCKSTEP_CORES" "$@"
