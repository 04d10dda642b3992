kubectl exec shell -- curl -s http://$(kubectl get service web -o jsonpath='{.spec.clusterIP}')/
