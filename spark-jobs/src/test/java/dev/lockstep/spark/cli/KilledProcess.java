package dev.lockstep.spark.cli;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.Method;
import com.sun.jdi.ObjectReference;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.StringReference;
import com.sun.jdi.ThreadReference;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.ListeningConnector;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.ClassPrepareRequest;
import com.sun.jdi.request.EventRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code lockstep} in a process of its own, which stands still before its k-th change of a
 * directory on the local file system and is killed there by SIGKILL. What changes files is the
 * product's own code; breakpoints of Java's debugger stop it.
 */
final class KilledProcess {
  /** The exit code of a process that SIGKILL ended. */
  static final int KILLED = 137;

  private static final String FILES = "java.nio.file.Files";
  private static final String LOCAL = "dev.lockstep.spark.storage.LocalLocation";

  /** What changes files, and which argument is the path that changes. */
  private static final Map<String, Map<String, Integer>> CHANGES =
      Map.of(
          FILES, Map.of("move", 1, "createLink", 0, "createDirectory", 0, "deleteIfExists", 0),
          LOCAL, Map.of("writeSynchronised", 0));

  private final Path directory;
  private final int before;
  private int changes;

  private KilledProcess(Path directory, int before) {
    this.directory = directory;
    this.before = before;
  }

  /**
   * Runs the command.
   *
   * @param err receives its standard error
   * @param directory whose changes count
   * @param before the change, from 1, before which it is killed
   * @return its exit code
   */
  static int run(Path err, Path directory, int before, List<String> options, String... arguments)
      throws Exception {
    ListeningConnector connector =
        Bootstrap.virtualMachineManager().listeningConnectors().stream()
            .filter(each -> each.transport().name().equals("dt_socket"))
            .findFirst()
            .orElseThrow();
    Map<String, Connector.Argument> settings = connector.defaultArguments();
    settings.get("localAddress").setValue("127.0.0.1");
    settings.get("timeout").setValue("60000");
    String address = connector.startListening(settings);
    List<String> all = new ArrayList<>(options);
    all.add("-agentlib:jdwp=transport=dt_socket,server=n,suspend=y,address=" + address);
    Process process = TrainingProcess.start(err, all, List.of(arguments));
    try {
      VirtualMachine vm = connector.accept(settings);
      connector.stopListening(settings);
      new KilledProcess(directory, before).watch(vm, process);
      return process.waitFor();
    } finally {
      process.destroyForcibly();
    }
  }

  private void watch(VirtualMachine vm, Process process) throws Exception {
    for (String name : CHANGES.keySet()) {
      vm.classesByName(name).forEach(KilledProcess::stopIn);
      ClassPrepareRequest prepared = vm.eventRequestManager().createClassPrepareRequest();
      prepared.addClassFilter(name);
      prepared.enable();
    }
    try {
      while (true) {
        EventSet events = vm.eventQueue().remove();
        for (Event event : events) {
          if (event instanceof ClassPrepareEvent loaded) {
            stopIn(loaded.referenceType());
          } else if (event instanceof BreakpointEvent stop && isLast(stop)) {
            process.destroyForcibly();
            return;
          }
        }
        events.resume();
      }
    } catch (VMDisconnectedException e) {
      // It has ended.
    }
  }

  private static void stopIn(ReferenceType type) {
    for (Method method : type.methods()) {
      if (CHANGES.get(type.name()).containsKey(method.name())) {
        BreakpointRequest stop =
            type.virtualMachine().eventRequestManager().createBreakpointRequest(method.location());
        stop.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
        stop.enable();
      }
    }
  }

  private boolean isLast(BreakpointEvent stop) throws Exception {
    Method method = stop.location().method();
    int argument = CHANGES.get(method.declaringType().name()).get(method.name());
    ThreadReference thread = stop.thread();
    ObjectReference path = (ObjectReference) thread.frame(0).getArgumentValues().get(argument);
    Method text = path.referenceType().methodsByName("toString", "()Ljava/lang/String;").get(0);
    String changed =
        ((StringReference)
                path.invokeMethod(thread, text, List.of(), ObjectReference.INVOKE_SINGLE_THREADED))
            .value();
    return counts(Path.of(changed)) && ++changes == before;
  }

  /** What lies in an unfinished version before its manifest is all the same to the registry. */
  private boolean counts(Path changed) throws IOException {
    boolean inside = changed.getParent().getFileName().toString().contains(".unfinished-");
    return changed.startsWith(directory)
        && (!inside || changed.getFileName().toString().matches(".*(manifest|version)\\.json.*"));
  }
}
