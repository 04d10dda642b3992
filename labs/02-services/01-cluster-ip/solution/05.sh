kubectl exec shell -- curl -s http://web/
