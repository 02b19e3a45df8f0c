package plinth.lab;

import javassist.CannotCompileException;
import javassist.ClassPool;
import javassist.CtClass;
import javassist.LoaderClassPath;
import javassist.expr.ExprEditor;
import javassist.expr.MethodCall;

/** Gives classes of the published jars what the official release has in their place. Must run before any of them is loaded. */
final class Repairs {
  private static final String RAFT = "com.alibaba.nacos.core.distributed.raft.";
  private static final String SYS = "com.alibaba.nacos.sys.utils.";

  private Repairs() {}

  static void apply(ClassLoader loader) throws Exception {
    ClassPool pool = new ClassPool();
    pool.appendClassPath(new LoaderClassPath(loader));

    // The published method is empty: no Raft group would ever exist.
    CtClass protocol = pool.get(RAFT + "JRaftProtocol");
    protocol.getDeclaredMethod("addRequestProcessors").setBody("{ this.raftServer.createMultiRaftGroup($1); }");

    CtClass server = forJdk8(pool.get(RAFT + "JRaftServer"));
    CtClass disk = forJdk8(pool.get(SYS + "DiskUtils"));

    define(pool, loader, protocol, RAFT + "RaftConfig");
    define(pool, loader, server, RAFT + "RaftConfig");
    define(pool, loader, disk, SYS + "ApplicationUtils");
  }

  /** JDK 8 has position, flip and clear in Buffer only; these classes were compiled to call them in ByteBuffer. */
  private static CtClass forJdk8(CtClass type) throws CannotCompileException {
    type.instrument(new ExprEditor() {
      @Override
      public void edit(MethodCall call) throws CannotCompileException {
        if (!call.getClassName().equals("java.nio.ByteBuffer")) return;
        if (!call.getMethodName().matches("position|limit|mark|reset|clear|flip|rewind")) return;
        if (!call.getSignature().endsWith("Ljava/nio/ByteBuffer;")) return;
        call.replace("{ ((java.nio.Buffer) $0)." + call.getMethodName() + "($$); $_ = $0; }");
      }
    });
    return type;
  }

  /** A neighbour of the same package lets JDK 9 and newer define the class without --add-opens. */
  private static void define(ClassPool pool, ClassLoader loader, CtClass type, String neighbour) throws Exception {
    Class<?> near = Class.forName(neighbour, false, loader);
    pool.toClass(type, near, loader, near.getProtectionDomain());
  }
}
